"""The sets of pictures of the tables, each split into training and held-out pictures.

The study has 200 pictures of its own, 5,000 of WikiArt and 1,000 of users, none of them published. Here are
200 and 1,382 faces from Japanese paintings (KaoKore), and any folder of the user.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bottega.errors import PictureError
from bottega.training import find_pictures, hold_out
from recipes.generate.sets import files_by_class

SUBSET_SIZE = 200
ONE_HELD_OUT_IN = 5
MIN_HELD_OUT = 8


@dataclass(frozen=True)
class PictureSplit:
    """One set.

    Attributes:
        name: in the table.
        training: files by class; one class "" without subfolders.
        held_out: files for metrics.
    """

    name: str
    training: dict[str, list[Path]]
    held_out: list[Path]

    @property
    def files(self) -> list[Path]:
        """All training files."""
        return [file for files in self.training.values() for file in files]

    def __len__(self) -> int:
        return len(self.files) + len(self.held_out)


def collection(root: Path) -> PictureSplit:
    """All faces, by their eight classes.

    Raises:
        SettingsError: ``root`` is not the picture collection.
    """
    return _split("1,382 faces (KaoKore)", files_by_class("faces", root))


def subset(root: Path, count: int = SUBSET_SIZE) -> PictureSplit:
    """``count`` of them, selected by the hash of their names.

    Raises:
        SettingsError: ``root`` is not the picture collection.
    """
    files_of_class = files_by_class("faces", root)
    order = sorted(((_digest(file), name, file) for name, files in files_of_class.items() for file in files))[
        :count
    ]
    selected = {name: [file for _, of, file in order if of == name] for name in files_of_class}
    return _split(f"{count} faces (KaoKore)", {name: files for name, files in selected.items() if files})


def user_pictures(folder: Path) -> PictureSplit:
    """The user's pictures.

    Raises:
        PictureError: the folder is missing, or has too few pictures to hold some out.
    """
    return _split(f"{folder.resolve().name} (own)", {"": find_pictures(folder)})


def _split(name: str, files_of_class: dict[str, list[Path]]) -> PictureSplit:
    parts = {key: hold_out(files, ONE_HELD_OUT_IN) for key, files in files_of_class.items()}
    held_out = [file for _, held in parts.values() for file in held]
    if len(held_out) < MIN_HELD_OUT:
        raise PictureError(f"Of {name} {len(held_out)} pictures are held out; more pictures are needed.")
    training = {key: files for key, (files, _) in parts.items() if files}
    return PictureSplit(name, training, sorted(held_out))


def _digest(file: Path) -> str:
    return hashlib.sha1(file.name.encode("utf-8", "surrogateescape")).hexdigest()
