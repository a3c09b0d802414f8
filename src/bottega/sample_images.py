"""The two sample photographs, which come with scikit-learn under a free license. Importing this is light."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from bottega.errors import PictureError

PHOTOGRAPHS = {
    "china": "Temple roof, photograph by danielbuechele on Flickr, CC BY 2.0",
    "flower": "Dahlia, photograph by vultilion on Flickr, CC BY 2.0",
}
"""Name and credit of each photograph; the credit must go with every use."""


def photograph_path(name: str) -> Path:
    """The file of a sample photograph of 640 × 427 pixels.

    It is located without importing scikit-learn, which would take longer than a second.

    Raises:
        PictureError: the name is unknown, or scikit-learn is not installed.
    """
    if name not in PHOTOGRAPHS:
        raise PictureError(f"The sample photograph {name!r} is unknown; choose {' or '.join(PHOTOGRAPHS)}.")
    spec = find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise PictureError("The sample photographs come with scikit-learn, which is not installed.")
    return Path(spec.submodule_search_locations[0]) / "datasets" / "images" / f"{name}.jpg"
