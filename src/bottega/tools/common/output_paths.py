"""Where results go: default names, and what is never overwritten. Checked before any work begins."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from bottega.errors import OutputError
from bottega.tools.common.image_sources import FileSource, Source


def default_name(content: Source, style: str, suffix: str = ".png") -> str:
    """``<content>-<style>.png``"""
    return f"{content.label}-{style}{suffix}"


def check_output(path: Path, inputs: Iterable[Source], *, overwrite: bool, bits: int = 8) -> None:
    """Refuse a result that could not be written, or that would destroy something.

    Raises:
        OutputError: the folder is missing or read-only, the format unknown, the file there or an input.
    """
    from bottega.pictures.formats import DEEP_FORMATS, format_of

    kind = format_of(path)
    if bits == 16 and kind not in DEEP_FORMATS:
        raise OutputError(f"{path}: {kind} holds 8 bits per channel; write 16 bits as PNG or TIFF.")
    check_folder_writable(path.parent)
    check_not_input(path, inputs)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file to write.")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} already exists; choose another name, or add --overwrite to replace it.")


def check_not_input(path: Path, inputs: Iterable[Source]) -> None:
    """Refuse to write over an input, whatever was asked for.

    Raises:
        OutputError: the path is one of the inputs.
    """
    for source in inputs:
        if isinstance(source, FileSource) and path.exists() and path.samefile(source.path):
            raise OutputError(f"{path} is one of the inputs and is never overwritten; choose another name.")


def check_folder_writable(folder: Path) -> None:
    """Try to write into a folder; asking for permissions alone misses full disks and special file systems.

    Raises:
        OutputError: it does not exist or takes no files.
    """
    if not folder.is_dir():
        raise OutputError(f"The folder {folder} does not exist; make it first, or choose another.")
    try:
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(b"bottega")
            trial.flush()
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"Nothing can be written into the folder {folder}: {reason.lower()}.") from None
