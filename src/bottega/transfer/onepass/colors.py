"""The closed-form transfer of colour on blocks of pixels: measured and applied."""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor

from bottega.layers import ColorMoments, color_moments
from bottega.layers.blocks import BAND, NUMBERS, SIDE

PIXELS = SIDE**2

Map: TypeAlias = tuple[Tensor, Tensor]
"""A map of colours for whole blocks: ``(48, 48)`` to multiply from the right, and ``(48,)`` to add."""


def byte_moments(pixels: Tensor) -> ColorMoments:
    """Exact moments of the colours of ``pixels (H, W, 3)`` uint8, in units of [0, 1].

    Sixteen pixels make a row of 48 numbers; the products of all its columns hold each pixel's nine in their
    diagonal, and one large matrix product is quicker than the thin one of three columns.
    """
    numbers = pixels.reshape(-1)
    whole = numbers.numel() // NUMBERS * NUMBERS
    rows = numbers[:whole].view(-1, NUMBERS)
    first = torch.zeros(NUMBERS, dtype=torch.float64)
    second = torch.zeros(NUMBERS, NUMBERS, dtype=torch.float64)
    for start in range(0, len(rows), BAND):
        band = rows[start : start + BAND].float()
        first += band.sum(0)
        second += band.mT @ band
    diagonal = second.view(PIXELS, 3, PIXELS, 3).diagonal(dim1=0, dim2=2).sum(-1)
    left = numbers[whole:].view(-1, 3).double()
    mass = torch.tensor([[numbers.numel() / 3]], dtype=torch.float64)
    total = (first.view(PIXELS, 3).sum(0) + left.sum(0)) / 255
    return ColorMoments(mass, total[None], ((diagonal + left.mT @ left) / 255**2)[None])


def moments(pixels: Tensor, mask: Tensor | None = None) -> ColorMoments:
    """As :func:`bottega.layers.color_moments`, in float64; ``pixels`` may be bytes ``(H, W, 3)``, too."""
    if pixels.dtype != torch.uint8:
        return color_moments(pixels, mask).double()
    if mask is None:
        return byte_moments(pixels)
    return color_moments(pixels.permute(2, 0, 1)[None] / 255, mask).double()


def on_whole_blocks(affine: Tensor, scale: float = 1.0) -> Map:
    """A map of colours ``(3, 4)`` as one of blocks.

    Args:
        scale: what the numbers in the blocks are to be multiplied by first.
    """
    matrix = torch.kron(torch.eye(PIXELS), affine[:, :3].mT.float().contiguous() * scale)
    return matrix, affine[:, 3].float().repeat(PIXELS)


def recolored(blocks: Tensor, map: Map | None) -> Tensor:
    """Blocks ``(n, 48)`` in their new colours, float32 in [0, 1].

    Without a map they have them already, and what comes back may be themselves.
    """
    if map is None:
        return blocks.float()
    matrix, offset = map
    return torch.addmm(offset, blocks.float(), matrix).clamp_(0, 1)
