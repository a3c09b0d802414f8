"""Every error that a visitor may meet: one clear sentence, one exit code.

The sentence names the file or the field, says what was wrong and what would be right. Anything that is
not a :class:`BottegaError` is a defect of ours and ends the command line with code 70.
"""

from __future__ import annotations


class BottegaError(Exception):
    """Base of all errors that Bottega raises on purpose. ``exit_code`` is what the command line ends with."""

    exit_code = 1


class SettingsError(BottegaError, ValueError):
    """A setting, a name or a combination of settings is not usable."""

    exit_code = 2


class PictureError(BottegaError, ValueError):
    """A picture or mask cannot be read, is too large, or does not fit the others."""

    exit_code = 3


class OutputError(BottegaError, OSError):
    """A result cannot be written: folder missing or read-only, disk full, format unknown."""

    exit_code = 4


class WeightsError(BottegaError):
    """Weights are missing, damaged, of the wrong hash or shape, or may not be fetched now."""

    exit_code = 5


class ResourceError(BottegaError, MemoryError):
    """The machine has too little memory (or none of what was asked for, such as a GPU)."""

    exit_code = 6


class MismatchError(BottegaError):
    """A check was asked for and failed: the remade picture differs, a file has another hash."""

    exit_code = 7


class PartialError(BottegaError):
    """Some pictures of a folder failed; the others were made."""

    exit_code = 8


class TrainingError(BottegaError):
    """A training broke down: a loss, a gradient or a weight is no longer a finite number."""

    exit_code = 9


class Cancelled(BottegaError):  # noqa: N818 - the visitor's choice, not an error of anybody's
    """The visitor stopped the work (Ctrl-C or a callback)."""

    exit_code = 130


INTERNAL_ERROR_CODE = 70
