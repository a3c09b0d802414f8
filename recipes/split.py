"""The split of the picture collection into training and held-out pictures.

The collection is the folder of paintings and photographs described by its own README (``paintings/`` with an
``index.csv``, ``photos/``, ``kaokore/`` ...). Every recipe uses this split, so that held-out results
are comparable.

The split depends on names alone (a fixed list, and SHA-1 of a name), not on the order of files or on a random
generator: adding a picture to the collection never moves another one to the other side.
"""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from bottega.errors import SettingsError

HELD_OUT_ARTISTS = frozenset(
    {
        "Amedeo Modigliani",
        "Andrei Rublev",
        "Caravaggio",
        "Chinese Ming",
        "Diego Velazquez",
        "Camille Pissarro",
    }
)
"""Held-out artists with a folder of their own; their pictures in ``masters/`` are held out as well."""

HELD_OUT_ARTIST_RATIO = 4  # one in four
HELD_OUT_PHOTOGRAPH_RATIO = 8

FREE_PHOTOGRAPHS = ("photos/open", "photos/museum_objects")
OTHER_PHOTOGRAPHS = (
    "photos/imagenet",
    "photos/msra",
    "photos/scenes",
    "photos/urban",
    "boundaries/train/images",
    "boundaries/val/images",
    "camvid/images",  # frames of one drive, nearly equal to their neighbors: never held out
    "detection/images",
    "facades/train/photo",
    "facades/val/photo",
    "horses/images",
    "saliency/train/images",
    "saliency/val/images",
)

VIDEO_FRAMES = "camvid"
UNCLEAR_LICENSE = "tarot_smith_1909"  # colored for a later printing, whose rights are unclear
MIXED_ARTISTS = "movements"  # one folder per movement, with many artists in each
MASTERS = "masters"


def training_files(root: Path | str, clean: bool = True) -> list[Path]:
    """Training pictures, sorted: paintings, faces from Japanese paintings, photographs.

    Args:
        root: the collection's folder.
        clean: only pictures whose license allows distribution of the weights. False adds the rest.

    Raises:
        SettingsError: ``root`` is not the collection.
    """
    root = _collection(root)
    held_out = {path for path, _ in held_out_paintings(root)}
    paintings = [path for path in _index(root) if path not in held_out]
    if clean:
        paintings = [path for path in paintings if UNCLEAR_LICENSE not in path.parts]
    folders = FREE_PHOTOGRAPHS if clean else FREE_PHOTOGRAPHS + OTHER_PHOTOGRAPHS
    photographs = [path for path in _pictures(root, folders) if not _photograph_held_out(root, path)]
    return sorted(paintings + _pictures(root, ("kaokore/*",)) + photographs)


def held_out_paintings(root: Path | str) -> list[tuple[Path, str]]:
    """Held-out paintings as ``(path, artist)``, sorted by path.

    These are the artists of `HELD_OUT_ARTISTS` and one in four of those who occur in ``masters/`` only.
    A school without names (the paintings of the Ming dynasty) counts as one artist.

    Raises:
        SettingsError: ``root`` is not the collection.
    """
    root = _collection(root)
    index = _index(root)
    with_folder = {artist for path, artist in index.items() if MASTERS not in path.parts}

    def held_out(artist: str) -> bool:
        if not artist or artist in with_folder:
            return artist in HELD_OUT_ARTISTS
        return one_in(HELD_OUT_ARTIST_RATIO, artist)

    return sorted((path, artist) for path, artist in index.items() if held_out(artist))


def held_out_photographs(root: Path | str, clean: bool | None = None) -> list[Path]:
    """Held-out photographs, sorted: one in eight, by name.

    Args:
        root: the collection's folder.
        clean: True for the freely licensed ones, False for the others, None for both.

    Raises:
        SettingsError: ``root`` is not the collection.
    """
    root = _collection(root)
    folders = (() if clean is False else FREE_PHOTOGRAPHS) + (() if clean is True else OTHER_PHOTOGRAPHS)
    return [path for path in _pictures(root, folders) if _photograph_held_out(root, path)]


def artists(root: Path | str) -> dict[Path, str]:
    """The artist or school of every painting that has one; for recipes that use artists as labels."""
    return {path: artist for path, artist in _index(_collection(root)).items() if artist}


def one_in(count: int, name: str) -> bool:
    """Whether SHA-1 of the UTF-8 name modulo ``count`` is 0, which is so for one in ``count`` names."""
    return int.from_bytes(hashlib.sha1(name.encode()).digest(), "big") % count == 0


def _photograph_held_out(root: Path, path: Path) -> bool:
    name = path.relative_to(root).as_posix()
    return not name.startswith(VIDEO_FRAMES) and one_in(HELD_OUT_PHOTOGRAPH_RATIO, name)


def _index(root: Path) -> dict[Path, str]:
    """Artist of each painting; "" where a folder has several artists."""
    with (root / "paintings" / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {root / "paintings" / row["file"]: row["artist"] or _school(row["file"]) for row in rows}


def _school(file: str) -> str:
    folder = file.split("/")[0]
    return "" if folder == MIXED_ARTISTS else folder.replace("_", " ").title()


def _pictures(root: Path, folders: tuple[str, ...]) -> list[Path]:
    suffixes = {".jpg", ".jpeg", ".png"}
    files = (path for folder in folders for path in root.glob(f"{folder}/*"))
    return sorted(path for path in files if path.suffix.lower() in suffixes)


def _collection(root: Path | str) -> Path:
    root = Path(root)
    if not (root / "paintings" / "index.csv").is_file():
        raise SettingsError(f"{root} is not the picture collection: paintings/index.csv is missing.")
    return root
