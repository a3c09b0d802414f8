"""The command line, derived from the registry of tools.

>>> from bottega.cli import main
>>> exit_code = main(["stylize", "photo.jpg", "--style", "woodcut"])
"""

from __future__ import annotations

from collections.abc import Sequence

from bottega.cli.interrupts import (
    INTERRUPTED_CODE,
    end_process,
    interrupts_handled,
    stop_message,
    write_error,
)

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        args: the arguments after ``bottega``; ``None`` takes those of this process.

    Returns:
        The exit code; docs/command-line.md lists them.
    """
    try:
        with interrupts_handled(whole_process=args is None):
            # Imported here, so that Ctrl-C is handled from the start.
            from bottega.cli.run import run

            code = run(args)
            if code == INTERRUPTED_CODE and args is None:
                end_process(code)  # without waiting for threads and for torch
            return code
    except KeyboardInterrupt:  # just before or after the block
        write_error(stop_message())
        return INTERRUPTED_CODE
