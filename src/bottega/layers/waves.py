"""Blocks of pixels as waves: the cosine transform of colour blocks."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def block_cosines(side: int) -> Tensor:
    """The orthonormal cosine transform (DCT-II) of blocks of ``side × side`` pixels in three colours.

    Rows are coefficients: wave by wave, from the mean to the finest in both directions, and for each wave
    light, red against blue, green against both (orthonormal opponents of sRGB). Columns are the channels of
    :func:`bottega.layers.fold`: colour, row, column. The transpose is the inverse.

    Returns:
        ``(3 · side², 3 · side²)``, float32.
    """
    places = torch.arange(side, dtype=torch.float64)
    lines = torch.cos(math.pi * (2 * places + 1) * places[:, None] / (2 * side)) * math.sqrt(2 / side)
    lines[0] = side**-0.5
    waves = torch.einsum("ui,vj->uvij", lines, lines).reshape(side**2, side**2)
    opponents = torch.tensor([[1, 1, 1], [1, 0, -1], [0.5, -1, 0.5]], dtype=torch.float64)
    opponents /= opponents.norm(dim=1, keepdim=True)
    return torch.einsum("ki,dc->kdci", waves, opponents).reshape(3 * side**2, 3 * side**2).float()
