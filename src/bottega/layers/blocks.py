"""Pictures as blocks of 4 × 4 pixels: what one-pass painting works on.

Bytes of a photograph lie row by row, three to a pixel. A block's 48 numbers are then four runs of twelve
bytes, so that folding a picture moves whole runs, and everything between the file and the file is done on
blocks: no pass over single pixels, no planes of single colours. The order inside a block is (row,
column, colour); the network's own (:func:`bottega.layers.fold`) is (colour, row, column).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

SIDE = 4
NUMBERS = 3 * SIDE**2

RUN = np.dtype("V12")
"""Four pixels of a row: numpy moves them as one."""

BAND = 2**13
"""Blocks worked on at a time: their numbers stay in the processor's cache from one operation to the next."""

ORDER = torch.arange(NUMBERS).view(3, SIDE, SIDE).permute(1, 2, 0).flatten()
"""For each number of a block of ours, its place in the network's order."""


def blocks_of_bytes(pixels: NDArray[np.uint8], multiple: int) -> Tensor:
    """``(H, W, 3)`` uint8 to ``(h, w, 48)``; the last row and column are repeated to fill up ``multiple``."""
    height, width = pixels.shape[:2]
    down, right = -height % multiple, -width % multiple
    if down or right:
        pixels = np.pad(pixels, ((0, down), (0, right), (0, 0)), mode="edge")
    rows, columns = pixels.shape[0] // SIDE, pixels.shape[1] // SIDE
    blocks = np.empty((rows, columns, NUMBERS), np.uint8)
    runs = np.ascontiguousarray(pixels).reshape(rows, SIDE, columns * RUN.itemsize).view(RUN)
    blocks.view(RUN)[:] = runs.transpose(0, 2, 1)
    return torch.from_numpy(blocks)


def store_bytes(blocks: Tensor, target: NDArray[np.uint8]) -> None:
    """The inverse: write blocks of bytes into ``target (H, W, 3)``, without what was repeated to fill up."""
    rows, columns, _ = blocks.shape
    runs = blocks.numpy().view(RUN).transpose(0, 2, 1)
    if target.shape[:2] == (rows * SIDE, columns * SIDE) and target.flags.c_contiguous:
        target.reshape(rows, SIDE, columns * RUN.itemsize).view(RUN)[:] = runs
        return
    pixels = np.ascontiguousarray(runs).view(np.uint8).reshape(rows * SIDE, columns * SIDE, 3)
    target[:] = pixels[: target.shape[0], : target.shape[1]]


def blocks_of_picture(picture: Tensor) -> Tensor:
    """``(1, C, H, W)``, sides multiples of four, to ``(h, w, 16 · C)`` in our order."""
    _, channels, height, width = picture.shape
    parts = picture[0].view(channels, height // SIDE, SIDE, width // SIDE, SIDE)
    return parts.permute(1, 3, 2, 4, 0).reshape(height // SIDE, width // SIDE, channels * SIDE**2)


def picture_of_blocks(blocks: Tensor) -> Tensor:
    """``(h, w, 48)`` to ``(1, 3, 4 h, 4 w)``."""
    rows, columns, _ = blocks.shape
    parts = blocks.view(rows, columns, SIDE, SIDE, 3)
    return parts.permute(4, 0, 2, 1, 3).reshape(1, 3, rows * SIDE, columns * SIDE)


def bordered(planes: Tensor) -> Tensor:
    """One number per block and colour, ``(h, w, 3)``, its border repeated: ``(1, 3, h + 2, w + 2)``."""
    padded = F.pad(planes.permute(2, 0, 1)[None], (1, 1, 1, 1), mode="replicate")
    return padded.contiguous(memory_format=torch.channels_last)


def enlarged(planes: Tensor, rows: slice) -> Tensor:
    """Smooth tones of some rows of blocks, ``(n, 48)``, from what :func:`bordered` gave."""
    found = F.conv2d(planes[:, :, rows.start : rows.stop + 2], _enlarging())
    return found[0].permute(1, 2, 0).reshape(-1, NUMBERS)


def row_bands(blocks: Tensor) -> Iterator[slice]:
    """Rows of ``(h, w, ...)`` that stay in the processor's cache."""
    height, width = blocks.shape[:2]
    count = max(1, BAND // width)
    return (slice(top, min(top + count, height)) for top in range(0, height, count))


@cache
def _enlarging() -> Tensor:
    """Bilinear enlargement by four as a convolution from tones to blocks: ``(48, 3, 3, 3)``.

    Pixel d of a block lies at (d + ½) / 4 - ½ from its middle, in blocks: that is its share of the next one.
    """
    away = (torch.arange(SIDE) + 0.5) / SIDE - 0.5
    line = torch.stack([(-away).clamp_min(0), 1 - away.abs(), away.clamp_min(0)], 1)
    plane = torch.einsum("ia,jb->ijab", line, line)
    weights = torch.einsum("ijab,cd->ijcdab", plane, torch.eye(3)).reshape(NUMBERS, 3, 3, 3)
    return weights.contiguous(memory_format=torch.channels_last)


def pad_to_multiple(pictures: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until both sides are multiples of ``multiple``.

    Only below and to the right, so that a tile whose corner lies on such a multiple is padded like the whole.
    """
    down, right = -pictures.shape[-2] % multiple, -pictures.shape[-1] % multiple
    if down == 0 and right == 0:
        return pictures
    return F.pad(pictures, (0, right, 0, down), mode="replicate")


def fold(pictures: Tensor, factor: int) -> Tensor:
    """``(N, C, H, W)`` to ``(N, C · factor², H / factor, W / factor)``: blocks of pixels become channels.

    In place of the first layers' large kernels: nothing is lost, and everything after it is factor² cheaper.
    """
    return F.pixel_unshuffle(pictures, factor)


def unfold_pixels(features: Tensor, factor: int) -> Tensor:
    """The inverse of :func:`fold` (Shi et al. 2016, sub-pixel convolution)."""
    return F.pixel_shuffle(features, factor)


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
