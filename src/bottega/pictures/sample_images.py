"""The two demonstration photographs, which come with scikit-learn under a free licence."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from bottega.errors import PictureError
from bottega.pictures.load import load
from bottega.pictures.picture import Picture

PHOTOGRAPHS = {
    "china": "Temple roof, photograph by danielbuechele on Flickr, CC BY 2.0",
    "flower": "Dahlia, photograph by vultilion on Flickr, CC BY 2.0",
}
"""Name of each photograph and the credit that goes with every use of it."""


def photograph(name: str) -> Picture:
    """A demonstration photograph, 640 × 427 pixels; its ``name`` is the one asked for.

    The files are found without importing scikit-learn, which takes longer than a second.

    Raises:
        PictureError: there is no photograph of this name, or scikit-learn is not installed.
    """
    if name not in PHOTOGRAPHS:
        raise PictureError(f"There is no photograph {name!r}; there are {' and '.join(PHOTOGRAPHS)}.")
    spec = find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise PictureError("The photographs come with scikit-learn, which is not installed.")
    folder = Path(spec.submodule_search_locations[0]) / "datasets" / "images"
    return replace(load(folder / f"{name}.jpg"), name=name)
