"""Where results go: default names, and what is never overwritten. Checked before any work begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from bottega.errors import OutputError
from bottega.files import check_overwrite
from bottega.picture_formats import DEEP_FORMATS, format_of
from bottega.tools.common.image_sources import FileSource, Source


def default_name(content: Source, style: str) -> str:
    """``<content>-<style>.png``"""
    return f"{content.label}-{style}.png"


def unused_path(path: Path, *other_suffixes: str) -> Path:
    """The path; if it exists already, the first of ``name-2.png``, ``name-3.png`` and so on that does not.

    For names that Bottega chooses; those that users choose are never changed.

    Args:
        other_suffixes: of files that are written beside it, which may not exist either.
    """
    return next(
        candidate
        for candidate in numbered_paths(path)
        if not any(each.exists() for each in (candidate, *map(candidate.with_suffix, other_suffixes)))
    )


def numbered_paths(path: Path) -> Iterator[Path]:
    """``name.png``, ``name-2.png``, ``name-3.png`` and so on."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def check_output(path: Path, inputs: Iterable[Source], *, overwrite: bool, bits: int = 8) -> None:
    """Check that a picture can be written and that nothing is lost by it.

    Raises:
        OutputError: the folder is missing or read-only, the format is unknown, or the file exists or is an
            input.
    """
    file_format = format_of(path)
    if bits == 16 and file_format not in DEEP_FORMATS:
        raise OutputError(f"{path}: {file_format} holds 8 bits per channel; write 16 bits as PNG or TIFF.")
    check_overwrite(path, overwrite, [source.path for source in inputs if isinstance(source, FileSource)])


def format_bits(path: Path, bits: int) -> int:
    """The bits per channel of a file: those of its picture, but 8 where the format holds no more."""
    return bits if format_of(path) in DEEP_FORMATS else 8


def check_not_input(path: Path, inputs: Iterable[Source]) -> None:
    """Check that a path is not one of the inputs.

    Raises:
        OutputError: it is.
    """
    for source in inputs:
        if isinstance(source, FileSource) and path.exists() and path.samefile(source.path):
            raise OutputError(f"{path} is one of the inputs and is never overwritten; choose another name.")


def check_json_output(path: Path, kind: str, *, overwrite: bool, inputs: Iterable[Path] = ()) -> None:
    """Check that a file of a kind, ``condition`` or ``preferences``, can be written.

    Raises:
        OutputError: the name does not end in .condition.json or .preferences.json, the folder is missing or
            read-only, or the file exists or is an input.
    """
    if not path.name.lower().endswith(f".{kind}.json"):
        name = path.name.split(".")[0]
        raise OutputError(
            f"{path}: the name of a {kind} file must end in .{kind}.json, as in {name}.{kind}.json."
        )
    check_overwrite(path, overwrite, inputs)
