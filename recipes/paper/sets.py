"""The sets of pictures that the tables speak of, each parted into what trains and what judges.

The study has 200 pictures of its own, 5,000 of WikiArt and 1,000 of users, none of them published. Here are
200 and 1,382 faces from Japanese paintings (KaoKore), and whatever folder the artist names.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bottega.errors import PictureError
from bottega.training import find_pictures, hold_out
from recipes.generate.sets import files_by_class

FEW = 200
ONE_HELD_OUT_IN = 5
FEWEST_HELD_OUT = 8


@dataclass(frozen=True)
class PictureSplit:
    """One set.

    Attributes:
        name: as it stands in a table.
        training: files by class; one class without name where there are none.
        held_out: files that no training sees.
    """

    name: str
    training: dict[str, list[Path]]
    held_out: list[Path]

    @property
    def files(self) -> list[Path]:
        """All that trains."""
        return [file for files in self.training.values() for file in files]

    def __len__(self) -> int:
        return len(self.files) + len(self.held_out)


def collection(root: Path) -> PictureSplit:
    """All faces, by their eight classes.

    Raises:
        SettingsError: ``root`` is not the picture collection.
    """
    return _split("1,382 faces (KaoKore)", files_by_class("faces", root))


def few(root: Path, count: int = FEW) -> PictureSplit:
    """So many of them, chosen by their names alone.

    Raises:
        SettingsError: ``root`` is not the picture collection.
    """
    grouped = files_by_class("faces", root)
    order = sorted(((_digest(file), name, file) for name, files in grouped.items() for file in files))[:count]
    chosen = {name: [file for _, of, file in order if of == name] for name in grouped}
    return _split(f"{count} faces (KaoKore)", {name: files for name, files in chosen.items() if files})


def own(folder: Path) -> PictureSplit:
    """The artist's pictures.

    Raises:
        PictureError: no such folder, no picture in it, or too few to hold some out.
    """
    return _split(f"{folder.resolve().name} (own)", {"": find_pictures(folder)})


def _split(name: str, grouped: dict[str, list[Path]]) -> PictureSplit:
    parts = {key: hold_out(files, ONE_HELD_OUT_IN) for key, files in grouped.items()}
    held_out = [file for _, kept in parts.values() for file in kept]
    if len(held_out) < FEWEST_HELD_OUT:
        raise PictureError(f"Of {name} {len(held_out)} pictures are held out; more pictures are needed.")
    training = {key: files for key, (files, _) in parts.items() if files}
    return PictureSplit(name, training, sorted(held_out))


def _digest(file: Path) -> str:
    return hashlib.sha1(file.name.encode("utf-8", "surrogateescape")).hexdigest()
