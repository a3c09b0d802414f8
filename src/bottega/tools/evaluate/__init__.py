"""The tool ``evaluate``: pictures compared with a reference."""
