"""The command line: thin, and derived from the table of tools.

>>> from bottega.cli import main
>>> exit_code = main(["stylize", "photo.jpg", "--style", "woodcut"])
"""

from bottega.cli.main import main

__all__ = ["main"]
