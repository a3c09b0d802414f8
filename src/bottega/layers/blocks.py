"""Pictures as blocks of 4 × 4 pixels, on which feed-forward stylization works.

Bytes of a photograph lie row by row, three to a pixel. A block's 48 values are four runs of twelve bytes, so
that folding a picture moves whole runs, and everything between input and output file works on blocks. The
order inside a block is (row, column, color); the network's own (``pixel_unshuffle``) is (color, row, column).
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

BLOCK_SIDE = 4
BLOCK_VALUES = 3 * BLOCK_SIDE**2

PIXEL_RUN = np.dtype("V12")
"""Four pixels of a row: numpy moves them as one."""

BLOCKS_PER_BAND = 2**13
"""Blocks processed at a time: their values stay in the processor's cache from one operation to the next."""

NETWORK_ORDER = torch.arange(BLOCK_VALUES).view(3, BLOCK_SIDE, BLOCK_SIDE).permute(1, 2, 0).flatten()
"""For each value of a block, its index in the network's order."""


def bytes_to_blocks(pixels: NDArray[np.uint8], multiple: int) -> Tensor:
    """``(H, W, 3)`` uint8 to ``(h, w, 48)``; the last row and column are repeated to fill up ``multiple``."""
    height, width = pixels.shape[:2]
    down, right = -height % multiple, -width % multiple
    if down or right:
        pixels = np.pad(pixels, ((0, down), (0, right), (0, 0)), mode="edge")
    rows, columns = pixels.shape[0] // BLOCK_SIDE, pixels.shape[1] // BLOCK_SIDE
    blocks = np.empty((rows, columns, BLOCK_VALUES), np.uint8)
    runs = (
        np.ascontiguousarray(pixels).reshape(rows, BLOCK_SIDE, columns * PIXEL_RUN.itemsize).view(PIXEL_RUN)
    )
    blocks.view(PIXEL_RUN)[:] = runs.transpose(0, 2, 1)
    return torch.from_numpy(blocks)


def blocks_to_bytes(blocks: Tensor, output: NDArray[np.uint8]) -> None:
    """The inverse: write blocks of bytes into ``output (H, W, 3)``, without the padding."""
    rows, columns, _ = blocks.shape
    runs = blocks.numpy().view(PIXEL_RUN).transpose(0, 2, 1)
    if output.shape[:2] == (rows * BLOCK_SIDE, columns * BLOCK_SIDE) and output.flags.c_contiguous:
        output.reshape(rows, BLOCK_SIDE, -1).view(PIXEL_RUN)[:] = runs
        return
    pixels = np.ascontiguousarray(runs).view(np.uint8).reshape(rows * BLOCK_SIDE, columns * BLOCK_SIDE, 3)
    output[:] = pixels[: output.shape[0], : output.shape[1]]


def picture_to_blocks(picture: Tensor) -> Tensor:
    """``(1, C, H, W)``, sides multiples of four, to ``(h, w, 16 · C)`` in the order (row, column, color)."""
    _, channels, height, width = picture.shape
    parts = picture[0].view(channels, height // BLOCK_SIDE, BLOCK_SIDE, width // BLOCK_SIDE, BLOCK_SIDE)
    blocks = parts.permute(1, 3, 2, 4, 0)
    return blocks.reshape(height // BLOCK_SIDE, width // BLOCK_SIDE, channels * BLOCK_SIDE**2)


def blocks_to_picture(blocks: Tensor) -> Tensor:
    """``(h, w, 48)`` to ``(1, 3, 4 h, 4 w)``."""
    rows, columns, _ = blocks.shape
    parts = blocks.view(rows, columns, BLOCK_SIDE, BLOCK_SIDE, 3)
    return parts.permute(4, 0, 2, 1, 3).reshape(1, 3, rows * BLOCK_SIDE, columns * BLOCK_SIDE)


def pad_tones(tones: Tensor) -> Tensor:
    """One color per block, ``(h, w, 3)``, with the border repeated: ``(1, 3, h + 2, w + 2)``."""
    padded = F.pad(tones.permute(2, 0, 1)[None], (1, 1, 1, 1), mode="replicate")
    return padded.contiguous(memory_format=torch.channels_last)


def upsample_tones(tones: Tensor, rows: slice) -> Tensor:
    """Bilinearly enlarge rows of blocks to pixels, ``(n, 48)``.

    Args:
        tones: of all blocks, from :func:`pad_tones`.
    """
    blocks = F.conv2d(tones[:, :, rows.start : rows.stop + 2], _bilinear_kernel())
    return blocks[0].permute(1, 2, 0).reshape(-1, BLOCK_VALUES)


def row_bands(blocks: Tensor) -> Iterator[slice]:
    """Rows of ``(h, w, ...)`` that stay in the processor's cache."""
    height, width = blocks.shape[:2]
    count = max(1, BLOCKS_PER_BAND // width)
    return (slice(top, min(top + count, height)) for top in range(0, height, count))


@cache
def _bilinear_kernel() -> Tensor:
    """Bilinear enlargement by four as a convolution from tones to blocks: ``(48, 3, 3, 3)``.

    Pixel d of a block lies at (d + ½) / 4 - ½ from its center, in blocks: that is the next block's weight.
    """
    offset = (torch.arange(BLOCK_SIDE) + 0.5) / BLOCK_SIDE - 0.5
    line = torch.stack([(-offset).clamp_min(0), 1 - offset.abs(), offset.clamp_min(0)], 1)
    plane = torch.einsum("ia,jb->ijab", line, line)
    weights = torch.einsum("ijab,cd->ijcdab", plane, torch.eye(3)).reshape(BLOCK_VALUES, 3, 3, 3)
    return weights.contiguous(memory_format=torch.channels_last)


def pad_to_multiple(pictures: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until both sides are multiples of ``multiple``.

    Pads only below and to the right, so that a tile whose corner lies on such a multiple is padded like the
    whole picture.
    """
    down, right = -pictures.shape[-2] % multiple, -pictures.shape[-1] % multiple
    if down == 0 and right == 0:
        return pictures
    return F.pad(pictures, (0, right, 0, down), mode="replicate")


def block_dct_matrix(side: int) -> Tensor:
    """The orthonormal cosine transform (DCT-II) of blocks of ``side × side`` pixels in three colors.

    Rows are coefficients: frequency by frequency, from the mean to the finest in both directions, and for
    each light, red against blue, green against both (orthonormal opponents of sRGB). Columns are the channels
    of ``pixel_unshuffle``: color, row, column. The transpose is the inverse.

    Returns:
        ``(3 · side², 3 · side²)``, float32.
    """
    indices = torch.arange(side, dtype=torch.float64)
    basis = torch.cos(math.pi * (2 * indices + 1) * indices[:, None] / (2 * side)) * math.sqrt(2 / side)
    basis[0] = side**-0.5
    basis2d = torch.einsum("ui,vj->uvij", basis, basis).reshape(side**2, side**2)
    opponents = torch.tensor([[1, 1, 1], [1, 0, -1], [0.5, -1, 0.5]], dtype=torch.float64)
    opponents /= opponents.norm(dim=1, keepdim=True)
    return torch.einsum("ki,dc->kdci", basis2d, opponents).reshape(3 * side**2, 3 * side**2).float()
