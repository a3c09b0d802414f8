"""Every error that a user may see: one clear sentence and one exit code.

The sentence names the file or the setting, what is wrong, and what would be right. Any other exception than
a :class:`BottegaError` is a bug in Bottega and ends the command line with code 70.
"""

from __future__ import annotations

INTERNAL_ERROR_CODE = 70


class BottegaError(Exception):
    """Base of all errors that Bottega raises on purpose. The command line ends with ``exit_code``."""

    exit_code = 1


class SettingsError(BottegaError, ValueError):
    """A setting, a name or a combination of settings is invalid."""

    exit_code = 2


class PictureError(BottegaError, ValueError):
    """A picture or mask cannot be read, is too large, or does not fit the others."""

    exit_code = 3


class OutputError(BottegaError, OSError):
    """A result cannot be written: folder missing or read-only, disk full, format unknown."""

    exit_code = 4


class WeightsError(BottegaError):
    """Weights are missing, damaged, of the wrong hash or shape, or may not be downloaded now."""

    exit_code = 5


class ResourceError(BottegaError, MemoryError):
    """The machine has too little memory, or lacks a requested device or package."""

    exit_code = 6


class MismatchError(BottegaError):
    """A requested check failed: the remade picture differs, a file has another hash."""

    exit_code = 7


class PartialError(BottegaError):
    """Some pictures of a folder failed; the others succeeded."""

    exit_code = 8


class TrainingError(BottegaError):
    """A training failed: a loss, a gradient or a weight is not a finite number."""

    exit_code = 9


class Cancelled(BottegaError):  # noqa: N818 - the user's choice, not an error
    """The user stopped the work (Ctrl-C or a callback)."""

    exit_code = 130
