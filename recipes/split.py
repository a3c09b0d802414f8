"""Which pictures of the collection train, and which no training may ever see.

The collection is the folder of paintings and photographs that its own README describes (``paintings/``
with an ``index.csv``, ``photos/``, ``kaokore/`` ...). Every recipe asks this file for its pictures, so that a
figure measured on the held-out ones is worth the same for each of them.

The choice depends on names alone (a fixed list, and SHA-1 of a name), never on the order of files or on a
random generator: adding a picture to the collection moves no other one to the other side.
"""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from bottega.errors import SettingsError

HELD_OUT_PAINTERS = frozenset(
    {
        "Amedeo Modigliani",
        "Andrei Rublev",
        "Caravaggio",
        "Chinese Ming",
        "Diego Velazquez",
        "Camille Pissarro",
    }
)
"""Painters with a folder of their own that are held out, with whatever ``masters/`` has of them."""

ONE_MASTER_IN = 4
ONE_PHOTOGRAPH_IN = 8

CLEAN_PHOTOGRAPHS = ("photos/open", "photos/museum_objects")
OTHER_PHOTOGRAPHS = (
    "photos/imagenet",
    "photos/msra",
    "photos/scenes",
    "photos/urban",
    "boundaries/train/images",
    "boundaries/val/images",
    "camvid/images",  # frames of one drive, each nearly its neighbour: all train, none is held out
    "detection/images",
    "facades/train/photo",
    "facades/val/photo",
    "horses/images",
    "saliency/train/images",
    "saliency/val/images",
)

FRAMES = "camvid"
UNCLEAN_PAINTINGS = "tarot_smith_1909"  # coloured for a later printing, whose rights are unclear
MIXED = "movements"  # one folder per movement, many painters in each: trains, but stands for no painter
MASTERS = "masters"


def training_files(root: Path | str, clean: bool = True) -> list[Path]:
    """Pictures to train on, sorted: paintings, faces from Japanese paintings, photographs.

    Args:
        root: the collection's folder.
        clean: only pictures whose licence lets the weights be passed on. False adds the rest.

    Raises:
        SettingsError: ``root`` is not the collection.
    """
    root = _collection(root)
    held_out = {path for path, _ in held_out_paintings(root)}
    paintings = [path for path in _index(root) if path not in held_out]
    if clean:
        paintings = [path for path in paintings if UNCLEAN_PAINTINGS not in path.parts]
    folders = CLEAN_PHOTOGRAPHS if clean else CLEAN_PHOTOGRAPHS + OTHER_PHOTOGRAPHS
    photographs = [path for path in _pictures(root, folders) if not _photograph_held_out(root, path)]
    return sorted(paintings + _pictures(root, ("kaokore/*",)) + photographs)


def held_out_paintings(root: Path | str) -> list[tuple[Path, str]]:
    """Paintings that no training sees, as ``(path, painter)``, sorted by path.

    Held out are the painters of `HELD_OUT_PAINTERS` and one in four of those who occur in ``masters/`` only.
    A school without names (the paintings of the Ming dynasty) counts as one painter.

    Raises:
        SettingsError: ``root`` is not the collection.
    """
    root = _collection(root)
    index = _index(root)
    with_folder = {painter for path, painter in index.items() if MASTERS not in path.parts}

    def held_out(painter: str) -> bool:
        if not painter or painter in with_folder:
            return painter in HELD_OUT_PAINTERS
        return one_in(ONE_MASTER_IN, painter)

    return sorted((path, painter) for path, painter in index.items() if held_out(painter))


def held_out_photographs(root: Path | str, clean: bool | None = None) -> list[Path]:
    """Photographs that no training sees, sorted: one in eight, by name.

    Args:
        root: the collection's folder.
        clean: True for the freely licensed ones, False for the others, None for both.

    Raises:
        SettingsError: ``root`` is not the collection.
    """
    root = _collection(root)
    folders = (() if clean is False else CLEAN_PHOTOGRAPHS) + (() if clean is True else OTHER_PHOTOGRAPHS)
    return [path for path in _pictures(root, folders) if _photograph_held_out(root, path)]


def painters(root: Path | str) -> dict[Path, str]:
    """The painter of every painting that has one, or its school; for recipes that use artists as labels."""
    return {path: painter for path, painter in _index(_collection(root)).items() if painter}


def one_in(count: int, name: str) -> bool:
    """True for one in ``count`` names, always the same: SHA-1 of the UTF-8 name modulo ``count`` is 0."""
    return int.from_bytes(hashlib.sha1(name.encode()).digest(), "big") % count == 0


def _photograph_held_out(root: Path, path: Path) -> bool:
    name = path.relative_to(root).as_posix()
    return not name.startswith(FRAMES) and one_in(ONE_PHOTOGRAPH_IN, name)


def _index(root: Path) -> dict[Path, str]:
    """Painter of each painting; "" where several hands are mixed."""
    with (root / "paintings" / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {root / "paintings" / row["file"]: row["artist"] or _school(row["file"]) for row in rows}


def _school(file: str) -> str:
    folder = file.split("/")[0]
    return "" if folder == MIXED else folder.replace("_", " ").title()


def _pictures(root: Path, folders: tuple[str, ...]) -> list[Path]:
    kinds = {".jpg", ".jpeg", ".png"}
    files = [path for folder in folders for path in root.glob(f"{folder}/*") if path.suffix.lower() in kinds]
    return sorted(files)


def _collection(root: Path | str) -> Path:
    root = Path(root)
    if not (root / "paintings" / "index.csv").is_file():
        raise SettingsError(
            f"{root} is not the picture collection: it should hold paintings/index.csv and photos/."
        )
    return root
