"""Bottega: an open workshop for AI-assisted digital art.

Importing this package is light: torch is loaded when a picture is first touched.
"""

__version__ = "0.1.0"
