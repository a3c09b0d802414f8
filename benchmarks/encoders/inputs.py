"""The pictures that are measured on: crops of held-out paintings, held-out photographs."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bottega import pictures
from recipes.split import held_out_paintings, held_out_photographs, training_files


@dataclass(frozen=True)
class CropPair:
    """Two crops of one painting that share no pixel, each ``(1, 3, size, size)``."""

    artist: str
    painting: str
    first: Tensor
    second: Tensor


def crop_pairs(data: Path, count: int, size: int, seed: int = 0) -> list[CropPair]:
    """Pairs of disjoint crops from ``count`` held-out paintings, taken from the artists in turn."""
    rng = random.Random(seed)
    by_artist: dict[str, list[Path]] = {}
    for path, artist in held_out_paintings(data):
        by_artist.setdefault(artist, []).append(path)
    for works in by_artist.values():
        rng.shuffle(works)
    pairs: list[CropPair] = []
    while len(pairs) < count and any(by_artist.values()):
        for artist in [name for name, works in by_artist.items() if works]:
            path = by_artist[artist].pop()
            whole = pictures.load(path).pixels
            if len(pairs) < count and max(whole.shape[-2:]) >= 2 * size <= 2 * min(whole.shape[-2:]):
                pairs.append(CropPair(artist, path.stem, *_halves(whole, size, rng)))
    return pairs


def _halves(whole: Tensor, size: int, rng: random.Random) -> tuple[Tensor, Tensor]:
    """A crop somewhere in each half along the longer side."""
    turned = whole.shape[-2] > whole.shape[-1]
    wide = whole.mT if turned else whole
    height, width = wide.shape[-2:]
    crops = []
    for start, stop in ((0, width // 2), (width // 2, width)):
        top, left = rng.randint(0, height - size), rng.randint(start, stop - size)
        crop = wide[..., top : top + size, left : left + size]
        crops.append((crop.mT if turned else crop).contiguous())
    return crops[0], crops[1]


def textures(data: Path | None, count: int, size: int, seed: int = 1) -> list[tuple[str, Tensor]]:
    """Center crops ``(1, 3, size, size)`` of held-out paintings by ``count`` different artists, with names.

    Without the collection: crops of the two demonstration photographs.
    """
    if data is None:
        return photographs(None, count, size)
    paintings = held_out_paintings(data)
    random.Random(seed).shuffle(paintings)
    by_artist = {artist: path for path, artist in paintings}
    # The artists with most works first: those are the ones that the collection knows well.
    works = [artist for _, artist in paintings]
    artists = sorted(by_artist, key=lambda artist: (-works.count(artist), artist))
    return [(artist, _center_square(by_artist[artist], size)) for artist in artists[:count]]


def photographs(data: Path | None, count: int, size: int, seed: int = 2) -> list[tuple[str, Tensor]]:
    """Center squares of held-out photographs, ``(1, 3, size, size)``, with names.

    Without the collection: squares cut from the two demonstration photographs, as many as fit.
    """
    if data is None:
        return _tiles(size)[:count]
    # Façades are straightened photographs on gray ground: unsuitable as a test.
    files = [path for path in held_out_photographs(data) if "facades" not in path.parts]
    random.Random(seed).shuffle(files)
    return [(path.stem, _center_square(path, size)) for path in files[:count]]


def calibration_photographs(data: Path | None, count: int, size: int) -> Tensor:
    """``(count, 3, size, size)`` of training photographs, to normalize untrained networks on."""
    if data is None:
        return torch.cat([picture for _, picture in _tiles(size)[:count]])
    files = [path for path in training_files(data) if "photos" in path.relative_to(data).parts]
    return torch.cat([_center_square(path, size) for path in files[:: max(1, len(files) // count)][:count]])


def _center_square(path: Path, size: int) -> Tensor:
    whole = pictures.load(path).pixels
    short = min(whole.shape[-2:])
    top, left = (whole.shape[-2] - short) // 2, (whole.shape[-1] - short) // 2
    return pictures.resize(whole[..., top : top + short, left : left + short], (size, size))


def _tiles(size: int) -> list[tuple[str, Tensor]]:
    crops = []
    for name in pictures.PHOTOGRAPHS:
        whole = pictures.photograph(name).pixels
        for top in range(0, whole.shape[-2] - size + 1, size):
            for left in range(0, whole.shape[-1] - size + 1, size):
                crops.append((f"{name} {top} {left}", whole[..., top : top + size, left : left + size]))
    return crops
