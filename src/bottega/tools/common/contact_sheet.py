"""How the tiles of a contact sheet are split into rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

Tile = TypeVar("Tile")


def split_rows(tiles: Sequence[Tile], max_columns: int) -> list[list[Tile]]:
    """Rows of nearly equal length, so that the last one is not much shorter than the others."""
    rows = -(-len(tiles) // max_columns)
    cuts = [len(tiles) * row // rows for row in range(rows + 1)]
    return [list(tiles[start:end]) for start, end in pairwise(cuts)]


def full_rows(tiles: Sequence[Tile], columns: int) -> list[list[Tile]]:
    """Rows of ``columns`` tiles each; the last one holds the rest."""
    return [list(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
