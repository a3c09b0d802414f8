"""Find the inputs of a recipe again: by their recorded path, else by their hash in some folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bottega.errors import MismatchError, PictureError
from bottega.tools.sources import FileSource, FolderSource

LARGEST_SEARCHED = 100_000
"""Files looked at per folder; more would take minutes and is surely the wrong folder."""


class InputSearch:
    """Looks where the recipe says, beside the picture, and in further folders with all that is below them.

    Args:
        home: the folder of the picture whose recipe it is; recorded paths start there.
        folders: further folders.
    """

    def __init__(self, home: Path, folders: Sequence[Path] = ()) -> None:
        for folder in folders:
            if not folder.is_dir():
                raise PictureError(f"The folder to search, {folder}, does not exist.")
        self.home = home
        self.folders = folders

    def find(self, record: dict[str, Any]) -> FileSource:
        """The file or folder that a recipe's record means.

        Raises:
            MismatchError: the file is where it was, but has changed, and no other file is the right one.
            PictureError: it is nowhere.
        """
        recorded = self.home / record["path"]
        if record["kind"] == "folder":
            return self._find_folder(record, recorded)
        if recorded.is_file() and FileSource(recorded).sha256 == record["sha256"]:
            return FileSource(recorded)
        for path in self._candidates(record["name"]):
            if FileSource(path).sha256 == record["sha256"]:
                return FileSource(path)
        if recorded.is_file():
            raise MismatchError(
                f"{recorded} has changed since the picture was made; the right file has sha256 "
                f"{record['sha256'][:16]}…; point --search at the folder where it is."
            )
        raise PictureError(
            f"The input {record['name']} is neither at {recorded} nor beside the picture; "
            "point --search at the folder where it is."
        )

    def _find_folder(self, record: dict[str, Any], recorded: Path) -> FolderSource:
        places = [recorded, *(place / record["name"] for place in (self.home, *self.folders))]
        there = [FolderSource(place) for place in places if place.is_dir()]
        for source in there:
            if source.sha256 == record["sha256"]:
                return source
        if there:
            raise MismatchError(
                f"The files in {there[0].path} are not those that the clip was made from; point --search at "
                "the folder where the right ones lie."
            )
        raise PictureError(
            f"The folder {record['name']} is neither at {recorded} nor beside the clip; point --search at "
            "the folder that holds it."
        )

    def _candidates(self, name: str) -> Iterator[Path]:
        """Files of that name first, then all others: hashing is cheap against painting."""
        beside = [path for path in sorted(self.home.iterdir()) if path.is_file()]
        below = [path for folder in self.folders for path in _files_below(folder)]
        everything = beside + below
        yield from (path for path in everything if path.name == name)
        yield from (path for path in everything if path.name != name)


def _files_below(folder: Path) -> list[Path]:
    found: list[Path] = []
    for place, _, names in os.walk(folder):
        found += (Path(place) / name for name in sorted(names))
        if len(found) > LARGEST_SEARCHED:
            raise PictureError(f"{folder} holds more than {LARGEST_SEARCHED} files; search a smaller folder.")
    return found
