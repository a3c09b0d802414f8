"""Cutting a picture into tiles whose cores cover it once and whose margins give their cores all context."""

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

    def of(self, picture: Tensor) -> Tensor:
        """The part of ``(..., H, W)`` inside the box, a view."""
        return picture[..., self.top : self.bottom, self.left : self.right]


@dataclass(frozen=True)
class Tile:
    """A core and the larger region that is looked at in order to get the core right."""

    core: Box
    region: Box

    @cached_property
    def inner(self) -> Box:
        """The core in the region's coordinates."""
        c, r = self.core, self.region
        return Box(c.top - r.top, c.left - r.left, c.bottom - r.top, c.right - r.left)


def reduced(box: Box, stride: int) -> Box:
    """``box`` on a feature map of ``stride``; its top and left must be multiples of the stride."""
    return Box(box.top // stride, box.left // stride, -(-box.bottom // stride), -(-box.right // stride))


def grid(
    height: int, width: int, size: int, margin: int, stride: int = 1, shift: tuple[int, int] = (0, 0)
) -> list[Tile]:
    """Tiles of about ``size`` pixels that cover ``height × width``.

    Args:
        height, width: of the picture.
        size: side of a core.
        margin: context on each side, cut off at the picture's border, where the network pads as it would
            for the whole picture.
        stride: every cut lies on a multiple of it, so that pooling windows fall as in the whole picture.
        shift: moves the grid up and left, so that cuts fall elsewhere at every iteration.
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
