"""The numbers by which a picture is adjusted: what the network gives, and refinement goes on with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

CELLS = 8
"""Side of the maps: what is adjusted in place changes smoothly over an eighth of the picture."""

DEPTH = 4
"""Cells of the colour grid along lightness."""

OCTAVES = 5
"""Of detail that is raised or lowered, the finest first."""


@dataclass(frozen=True)
class Adjustment:
    """Free numbers; at zero nothing is changed. :mod:`~.render` says what each does and how far it may go.

    Attributes:
        warp: ``(N, 2, 8, 8)``, where each place of the result comes from, x and y.
        detail: ``(N, 5, 8, 8)``, gains of the octaves of detail.
        flatten: ``(N, 1, 8, 8)``, towards flat areas between edges, or away from them.
        grid: ``(N, 2, 4, 8, 8)``, light and chroma by place and lightness: dodging and burning.
        tone: ``(N, 4)``: light, contrast, chroma, warmth.
        strokes: ``(N, 3)``: direction of strokes (two numbers), and grain.
    """

    warp: Tensor
    detail: Tensor
    flatten: Tensor
    grid: Tensor
    tone: Tensor
    strokes: Tensor

    @classmethod
    def none(cls, count: int = 1, device: torch.device | str = "cpu") -> Adjustment:
        """The one that changes nothing."""
        return cls(*(torch.zeros(count, *shape, device=device) for shape in SHAPES.values()))

    def map(self, change: Callable[[Tensor], Tensor]) -> Adjustment:
        """With every tensor changed."""
        return Adjustment(*(change(getattr(self, field.name)) for field in fields(self)))

    def __add__(self, other: Adjustment) -> Adjustment:
        return Adjustment(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def tensors(self) -> dict[str, Tensor]:
        """By name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


SHAPES: dict[str, tuple[int, ...]] = {
    "warp": (2, CELLS, CELLS),
    "detail": (OCTAVES, CELLS, CELLS),
    "flatten": (1, CELLS, CELLS),
    "grid": (2, DEPTH, CELLS, CELLS),
    "tone": (4,),
    "strokes": (3,),
}
"""Of each part, without the batch."""
