"""The tables of the founding study (Luo & Tao 2025), as protocols that can be run again."""
