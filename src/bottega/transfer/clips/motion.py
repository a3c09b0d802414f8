"""Where each part of a frame was in the frame before: dense pyramidal Lucas-Kanade on a reduced picture.

After Lucas and Kanade (1981) with Bouguet's pyramid (2001). Where we differ: windows are averaged by box
filters, so that every pixel gets its own motion; the gradients are those of the current frame, computed once
per level; a small ridge in the normal equations lets areas without texture keep what the coarser level found.

A displacement is kept as a fraction of the picture's sides, so that it holds at any size.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST_SIDE = 8
"""Of the coarsest level, in pixels."""
WINDOW = 7
ROUNDS = 2
RIDGE = 2e-4
"""Squared slope of brightness, per pixel, below which an area counts as without texture."""
LONGEST_STEP = 1.0
"""Pixels per round; Taylor's first term holds no further."""


def displacement(previous: Tensor, current: Tensor) -> Tensor:
    """For each pixel of ``current``, how far away it was in ``previous``; both ``(1, 1, h, w)`` in [0, 1].

    Returns:
        ``(1, 2, h, w)``: x as a fraction of the width, y as a fraction of the height.
    """
    pairs = [(previous, current)]
    while min(pairs[-1][0].shape[-2:]) >= 2 * SMALLEST_SIDE:
        before, now = pairs[-1]
        pairs.append((_halved(before), _halved(now)))
    height, width = pairs[-1][0].shape[-2:]
    flow = previous.new_zeros(1, 2, height, width)
    for before, now in reversed(pairs):
        if flow.shape[-2:] != now.shape[-2:]:
            flow = _resized(flow, now)
        flow = _refined(flow, before, now)
    return flow


def moved(picture: Tensor, flow: Tensor, mode: str = "bilinear") -> Tensor:
    """``picture (1, C, H, W)`` of the frame before, laid over the current frame.

    Args:
        flow: from :func:`displacement`, of any size.
        mode: ``bilinear``, or ``bicubic``, which keeps more of the grain.
    """
    if flow.shape[-2:] != picture.shape[-2:]:
        flow = _resized(flow, picture)
    height, width = picture.shape[-2:]
    grid = _places(height, width, picture.dtype) + 2 * flow.permute(0, 2, 3, 1)
    return F.grid_sample(picture, grid, mode=mode, padding_mode="border", align_corners=False)


def box(values: Tensor, side: int = WINDOW) -> Tensor:
    """Means over squares; at the border over what is inside."""
    return F.avg_pool2d(values, side, 1, side // 2, count_include_pad=False)


def slopes(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences along x and y, per pixel."""
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return across, down


def _refined(flow: Tensor, before: Tensor, now: Tensor) -> Tensor:
    height, width = now.shape[-2:]
    sides = now.new_tensor([width, height]).view(1, 2, 1, 1)
    across, down = slopes(now)
    xx, xy, yy = box(torch.cat([across * across, across * down, down * down], 1)).unbind(1)
    xx, yy = xx + RIDGE, yy + RIDGE
    determinant = xx * yy - xy * xy
    for _ in range(ROUNDS):
        error = moved(before, flow) - now
        ex, ey = box(torch.cat([across * error, down * error], 1)).unbind(1)
        step = torch.stack([xy * ey - yy * ex, xy * ex - xx * ey], 1) / determinant[:, None]
        flow = flow + step.clamp(-LONGEST_STEP, LONGEST_STEP) / sides
    return box(flow, 5)


def _halved(picture: Tensor) -> Tensor:
    """Half as large, of exactly the same part of the world."""
    height, width = picture.shape[-2:]
    return F.adaptive_avg_pool2d(picture, (max(1, height // 2), max(1, width // 2)))


def _resized(flow: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(flow, like.shape[-2:], mode="bilinear", align_corners=False)


def _places(height: int, width: int, dtype: torch.dtype) -> Tensor:
    """The centre of every pixel in [-1, 1], ``(1, H, W, 2)``."""
    y = (torch.arange(height, dtype=dtype) * 2 + 1) / height - 1
    x = (torch.arange(width, dtype=dtype) * 2 + 1) / width - 1
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None]
