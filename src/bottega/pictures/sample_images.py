"""The two sample photographs, which come with scikit-learn under a free license."""

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
"""Name and credit of each photograph; the credit must go with every use."""


def photograph(name: str) -> Picture:
    """A sample photograph of 640 × 427 pixels, with this name.

    The file is located without importing scikit-learn, which would take longer than a second.

    Raises:
        PictureError: the name is unknown, or scikit-learn is not installed.
    """
    if name not in PHOTOGRAPHS:
        raise PictureError(f"The sample photograph {name!r} is unknown; choose {' or '.join(PHOTOGRAPHS)}.")
    spec = find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise PictureError("The sample photographs come with scikit-learn, which is not installed.")
    folder = Path(spec.submodule_search_locations[0]) / "datasets" / "images"
    return replace(load(folder / f"{name}.jpg"), name=name)
