"""Generators; ``registry`` lists them by name."""
