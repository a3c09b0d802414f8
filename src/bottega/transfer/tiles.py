"""Tiles whose cores cover a picture once and whose margins give each core its full context."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from torch import Tensor


@dataclass(frozen=True)
class Box:
    """Half-open pixel ranges: rows ``top..bottom``, columns ``left..right``."""

    top: int
    left: int
    bottom: int
    right: int

    def crop(self, picture: Tensor) -> Tensor:
        """The part of ``(..., H, W)`` inside the box, a view."""
        return picture[..., self.top : self.bottom, self.left : self.right]

    def downscale(self, stride: int) -> Box:
        """The box on a feature map of ``stride``; its top and left must be multiples of the stride."""
        return Box(
            self.top // stride, self.left // stride, -(-self.bottom // stride), -(-self.right // stride)
        )


@dataclass(frozen=True)
class Tile:
    """A core, and the padded box around it that the core's features depend on."""

    core: Box
    padded: Box

    @cached_property
    def inner(self) -> Box:
        """The core in the coordinates of the padded box."""
        c, p = self.core, self.padded
        return Box(c.top - p.top, c.left - p.left, c.bottom - p.top, c.right - p.left)


def tile_grid(
    height: int, width: int, size: int, margin: int, stride: int = 1, shift: tuple[int, int] = (0, 0)
) -> list[Tile]:
    """Tiles of about ``size`` pixels that cover ``height × width``.

    Args:
        height, width: of the picture.
        size: side of a core.
        margin: context on each side, clipped at the picture's border, where the network pads as it would
            for the whole picture.
        stride: all cuts are multiples of it, so that pooling windows fall as in the whole picture.
        shift: moves the grid up and left, so that cuts vary between iterations.
    """
    rows = _cuts(height, size, stride, shift[0])
    columns = _cuts(width, size, stride, shift[1])
    margin = -(-margin // stride) * stride
    return [
        Tile(
            Box(top, left, bottom, right),
            Box(
                max(0, top - margin),
                max(0, left - margin),
                min(height, bottom + margin),
                min(width, right + margin),
            ),
        )
        for top, bottom in pairwise(rows)
        for left, right in pairwise(columns)
    ]


def _cuts(length: int, size: int, stride: int, shift: int) -> list[int]:
    size = max(stride, size // stride * stride)
    first = size - (shift // stride * stride) % size
    return [0, *range(first, length, size), length]
