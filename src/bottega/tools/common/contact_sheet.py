"""Tiles of a sheet, arranged."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any


def split_rows(tiles: Sequence[Any], longest: int) -> list[list[Any]]:
    """Rows of at most so many, as equal as they can be rather than a last one with a single tile."""
    rows = -(-len(tiles) // longest)
    cuts = [len(tiles) * row // rows for row in range(rows + 1)]
    return [list(tiles[start:end]) for start, end in pairwise(cuts)]
