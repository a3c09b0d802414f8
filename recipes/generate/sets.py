"""The sets of pictures that packaged generators learn from, free enough for the weights to be passed on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bottega.errors import SettingsError
from recipes.split import FREE_PHOTOGRAPHS, training_files

PAINTINGS = "paintings"
FACES = "kaokore"


def faces(root: Path) -> dict[str, list[Path]]:
    """Faces from Japanese paintings, eight classes: sex and rank (KaoKore, CC BY-SA 4.0, credit needed)."""
    folders = sorted(folder for folder in (root / FACES).iterdir() if folder.is_dir())
    return {folder.name: sorted(folder.glob("*.jpg")) for folder in folders}


LANDSCAPE_PAINTERS = (
    "alfred_sisley",
    "chinese_song",
    "claude_monet",
)
"""Folders of the collection that hold mostly landscapes; painters that are held out are in none of them."""


def landscapes(root: Path) -> dict[str, list[Path]]:
    """Paintings of landscapes by masters long dead, one class for each folder."""
    clean = training_files(root)
    return {
        name.replace("_", "-"): [path for path in clean if name in path.relative_to(root).parts]
        for name in LANDSCAPE_PAINTERS
    }


SETS: dict[str, Callable[[Path], dict[str, list[Path]]]] = {"faces": faces, "landscapes": landscapes}


def files_by_class(name: str, root: Path) -> dict[str, list[Path]]:
    """Files by class.

    Raises:
        SettingsError: no such set, or ``root`` is not the collection.
    """
    if name not in SETS:
        raise SettingsError(f'Unknown set "{name}"; use {", ".join(SETS)}.')
    if not (root / PAINTINGS).is_dir() or not (root / FREE_PHOTOGRAPHS[0]).is_dir():
        raise SettingsError(f"{root} is not the picture collection: it should hold paintings/ and photos/.")
    return SETS[name](root)
