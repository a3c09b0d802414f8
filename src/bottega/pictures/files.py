"""Whole files: written completely or not at all, and told apart by their hash."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from pathlib import Path

from bottega.errors import OutputError, PictureError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the folder is read-only",
    errno.EACCES: "the folder is read-only or not yours",
    errno.EPERM: "the folder is read-only or not yours",
    errno.ENAMETOOLONG: "the name is too long",
}


def check_target(path: Path) -> Path:
    """The file that will be written, with symbolic links followed, refused early when it cannot be.

    Raises:
        OutputError: the folder is missing, or the target is a folder or a device.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise OutputError(f"{path} is a folder; the name of a picture file is expected.")
        if target.exists() and not target.is_file():
            raise OutputError(f"{path} is not a regular file; the name of a picture file is expected.")
        if not target.parent.is_dir():
            raise OutputError(f"{path} cannot be written: the folder {target.parent} does not exist.")
    except OutputError:
        raise
    except (OSError, ValueError) as error:
        raise _explained(path, error) from None
    return target


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary neighbour, flush it to disk, rename it: whatever happens, no half file is left.

    Raises:
        OutputError: the disk is full, the folder read-only or missing, ...
    """
    target = check_target(path)
    temporary = target.with_name(f".bottega-{secrets.token_hex(8)}.tmp")
    try:
        _write_flushed(temporary, content)
        os.replace(temporary, target)
    except BaseException as error:  # Ctrl-C too must leave nothing behind
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise _explained(path, error) from None
        raise
    _flush_folder(target.parent)


def _write_flushed(path: Path, content: bytes) -> None:
    # 0o666 is reduced by the visitor's umask, as for any file that he writes.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the renaming itself survive a power cut, where the system can; the file is whole in any case."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _explained(path: Path, error: Exception) -> OutputError:
    number = getattr(error, "errno", None)
    reason = _REASONS.get(number or 0) or getattr(error, "strerror", None) or str(error)
    return OutputError(f"{path} cannot be written: {reason}.")


def fingerprint(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits.

    Raises:
        PictureError: the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {error.strerror or error}.") from None
