"""Sheets of a report, as pictures inside the page: unpicked pictures, and each beside its nearest."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from bottega.evaluate.extractors import square
from bottega.evaluate.report.measure_set import MeasuredSet
from bottega.pictures import encode, load, sheet

TILE = 112
COLUMNS = 8
SHOWN = 24
PAIRS = 8


def drawn(count: int, most: int, seed: int) -> list[int]:
    """Numbers drawn by chance, not by hand, in ascending order."""
    chosen = np.random.default_rng(seed).permutation(count)[:most]
    return sorted(int(number) for number in chosen)


def unpicked(pictures: MeasuredSet, seed: int) -> str:
    """A sheet of pictures drawn by chance, as a data address."""
    files = [pictures.files[number] for number in drawn(len(pictures), SHOWN, seed)]
    return _address([files[at : at + COLUMNS] for at in range(0, len(files), COLUMNS)])


def nearest_pairs(
    results: MeasuredSet, reference: MeasuredSet, nearest: Sequence[int], numbers: Sequence[int]
) -> str:
    """Pictures above, the reference's nearest to each below, as a data address."""
    above = [results.files[number] for number in numbers]
    below = [reference.files[nearest[number]] for number in numbers]
    return _address([above, below])


def _address(rows: Sequence[Sequence[Path]]) -> str:
    tiles = [[_tile(file) for file in row] for row in rows]
    data = encode(sheet(tiles, height=TILE), "JPEG", quality=86)
    return "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")


def _tile(file: Path) -> Tensor:
    return square(load(file).pixels, TILE)
