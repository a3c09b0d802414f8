"""Simulated artists: what their choices teach, and in how many."""
