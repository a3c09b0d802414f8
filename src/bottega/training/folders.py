"""Folders of pictures: what is in them, and what is held out from training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from bottega.errors import PictureError, SettingsError
from bottega.pictures.formats import READ_SUFFIXES


def find_pictures(folder: Path | str) -> list[Path]:
    """All picture files in a folder and the folders in it, sorted by their path; hidden ones are left out.

    Raises:
        PictureError: there is no such folder, or no picture in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PictureError(f"{folder} is not a folder; a folder of pictures to train on is expected.")
    inside = ((path, path.relative_to(folder)) for path in folder.rglob("*"))
    found = [
        (name.as_posix(), path)
        for path, name in inside
        if path.suffix.lower() in READ_SUFFIXES
        and not any(part.startswith(".") for part in name.parts)
        and path.is_file()
    ]
    if not found:
        raise PictureError(f"There is no picture in {folder} to train on.")
    return [path for _, path in sorted(found)]


def hold_out(files: Sequence[Path], one_in: int = 10) -> tuple[list[Path], list[Path]]:
    """Part files into those that train and those that are held out for validation.

    The choice depends on the file's own name alone (SHA-1 of its UTF-8 modulo ``one_in``): adding, removing
    or moving pictures sends no other one to the other side.

    Raises:
        SettingsError: ``one_in`` is less than 2.
    """
    if one_in < 2:
        raise SettingsError(f"One in {one_in} pictures was to be held out; use 2 or more.")
    training: list[Path] = []
    held_out: list[Path] = []
    for file in files:
        digest = hashlib.sha1(file.name.encode("utf-8", "surrogateescape")).digest()
        (held_out if int.from_bytes(digest, "big") % one_in == 0 else training).append(file)
    return training, held_out
