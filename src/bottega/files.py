"""Files: written completely or not at all, protected from overwriting, hashed and listed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from bottega.errors import BottegaError, OutputError, PictureError

_ADDRESS = re.compile(r"(?P<scheme>https?|ftp|s3|data):/*(?P<rest>.+)", re.IGNORECASE)

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the folder is read-only",
    errno.EACCES: "the folder is read-only or not yours",
    errno.EPERM: "the folder is read-only or not yours",
    errno.ENAMETOOLONG: "the name is too long",
}


_temporary_files: set[Path] = set()
_written_files: dict[Path, None] = {}


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], *, is_result: bool = True) -> Iterator[Path]:
    """Write a file completely or not at all.

    Yields an empty temporary file in the same folder. When the block succeeds, the file is flushed to disk
    and renamed to ``path``; when it fails, the file is deleted and an older ``path`` stays as it was.
    Missing folders are created, symbolic links are followed.

    >>> with atomic_write("result/figures.json") as temporary:
    ...     temporary.write_text("{}")

    Args:
        is_result: whether the file counts in :func:`written_files`; cached files do not.

    Raises:
        OutputError: the disk is full, the folder is read-only, or ``path`` is a folder or a device.
    """
    target = _resolve_target(path)
    temporary = target.with_name(f".bottega-{secrets.token_hex(8)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # 0o666 is reduced by the user's umask, as for any new file.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        _temporary_files.add(temporary)
        yield temporary
        flush_to_disk(temporary)
        os.replace(temporary, target)
        if is_result:
            _written_files[target] = None
    except BottegaError:  # some of them are OSErrors too, and say what is wrong already
        raise
    except OSError as error:
        raise _output_error(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
        _temporary_files.discard(temporary)
    # Makes the renaming survive a power cut, where the system can; the file is complete in any case.
    with contextlib.suppress(OSError):
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def written_files() -> list[Path]:
    """The results that this process has written, in their order; of use after Ctrl-C."""
    return list(_written_files)


def forget_written_files() -> None:
    """Start :func:`written_files` anew, for the next command."""
    _written_files.clear()


def remove_temporary_files() -> None:
    """Delete all unfinished files, for a process that ends at once."""
    for path in list(_temporary_files):
        with contextlib.suppress(OSError):
            path.unlink()


def write_file(path: str | os.PathLike[str], content: bytes | str, *, is_result: bool = True) -> None:
    """Write bytes, or text as UTF-8, completely or not at all; arguments and errors as for
    :func:`atomic_write`."""
    with atomic_write(path, is_result=is_result) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def flush_to_disk(path: Path) -> None:
    """Wait until the file's bytes are on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def file_sha256(path: str | os.PathLike[str], error: type[BottegaError] = PictureError) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits.

    Raises:
        PictureError: the file cannot be read; ``error`` names another class.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise error(f"{path} cannot be read: {problem.strerror or problem}.") from None


def check_local(path: str | os.PathLike[str], error: type[BottegaError] = PictureError) -> None:
    """Check that a path is not the address of something on the network.

    Raises:
        PictureError: it is; ``error`` names another class.
    """
    # pathlib has made one slash of two.
    match = _ADDRESS.match(os.fspath(path))
    if match:
        address = f"{match['scheme']}://{match['rest']}"
        raise error(f"{address} is a web address, which Bottega does not read; download the file first.")


def list_files(
    folder: str | os.PathLike[str], suffixes: Collection[str] | None = None, *, recursive: bool = False
) -> list[Path]:
    """The files of a folder, sorted by their path in it; hidden files and hidden folders are left out.

    Args:
        suffixes: lower-case endings such as ``.png``; capitals in file names do not matter. None lists all.
        recursive: list the folders inside as well.

    Raises:
        PictureError: ``folder`` is not a folder.
    """
    folder = Path(folder)
    check_local(folder)
    if not folder.is_dir():
        raise PictureError(f"{folder} is not a folder.")
    files = {}
    for path in folder.rglob("*") if recursive else folder.iterdir():
        name = path.relative_to(folder)
        visible = not any(part.startswith(".") for part in name.parts)
        if visible and (suffixes is None or path.suffix.lower() in suffixes) and path.is_file():
            files[name.as_posix()] = path
    return [files[name] for name in sorted(files)]


def check_overwrite(path: Path, overwrite: bool, inputs: Iterable[Path] = ()) -> None:
    """Check before any work begins that a file can be written and that nothing is lost by it.

    Args:
        overwrite: whether an existing file may be replaced.
        inputs: files that are never overwritten.

    Raises:
        OutputError: the folder is missing or cannot be written to, or the path is a folder, an input, or an
            existing file that may not be replaced.
    """
    check_writable_folder(path.parent)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file.")
    if not path.exists():
        return
    if any(path.samefile(file) for file in inputs if file.exists()):
        raise OutputError(f"{path} is one of the inputs and is never overwritten; choose another name.")
    if not overwrite:
        raise OutputError(f"{path} already exists; choose another name, or add --overwrite to replace it.")


def check_overwrite_folder(folder: Path, overwrite: bool) -> None:
    """Check that a folder for results is new or empty, or that its files may be replaced.

    Raises:
        OutputError: it is a file, or has files in it that may not be replaced.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; give the name of a folder.")
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise OutputError(f"The folder {folder} is not empty; choose another, or add --overwrite.")


def check_writable_folder(folder: Path) -> None:
    """Try to write into a folder; permissions alone miss full disks and special file systems.

    Raises:
        OutputError: it does not exist, or nothing can be written into it.
    """
    if not folder.is_dir():
        raise OutputError(f"The folder {folder} does not exist; create it first, or choose another.")
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"bottega")
            file.flush()
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be written to: {_reason(error)}.") from None


def check_output_path(path: str | os.PathLike[str]) -> None:
    """Check, without writing, that a path can name an output file.

    Raises:
        OutputError: the folder is missing, or the path is a folder or a device.
    """
    target = _resolve_target(path)
    if not target.parent.is_dir():
        raise OutputError(f"{path} cannot be written: the folder {target.parent} does not exist.")


def _resolve_target(path: str | os.PathLike[str]) -> Path:
    """The file that will be written, with symbolic links followed."""
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise OutputError(f"{path} is a folder; give the name of a file.")
        if target.exists() and not target.is_file():
            raise OutputError(f"{path} is not a regular file.")
    except OutputError:
        raise
    except (OSError, ValueError) as error:
        raise _output_error(path, error) from None
    return target


def _output_error(path: str | os.PathLike[str], error: Exception) -> OutputError:
    return OutputError(f"{os.fspath(path)} cannot be written: {_reason(error)}.")


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return _REASONS.get(number or 0) or getattr(error, "strerror", None) or str(error)
