"""Where each part of a frame was in the frame before: the camera's motion, and that of things.

Pyramidal Lucas-Kanade on reduced pictures.

After Lucas and Kanade (1981) with Bouguet's pyramid (2001). Where we differ: windows are averaged by box
filters, so that every pixel gets its own motion; the gradients are those of the current frame, computed once
per level; a small ridge in the normal equations lets areas without texture keep what the coarser level found.

A displacement is kept as a fraction of the picture's sides, so that it holds at any size.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST_SIDE = 8
"""Of the coarsest level, in pixels."""
WINDOW = 7
ROUNDS = 2
CAMERA_ROUNDS, CAMERA_LAST_ROUNDS = 4, 2
RIDGE = 2e-4
"""Squared slope of brightness, per pixel, below which an area counts as without texture."""
LONGEST_STEP = 1.0
"""Pixels per round; Taylor's first term holds no further."""


def camera_motion(previous: Tensor, current: Tensor) -> Tensor:
    """As :func:`displacement`, for all of the frame together: an affine map, as pans and zooms make it.

    Six numbers from thousands of pixels are exact to a small part of a pixel, which no single place's motion
    is. Things that move otherwise weigh little (Cauchy's weights).
    """
    pairs = _pyramid(previous, current)
    numbers = previous.new_zeros(6)
    for before, now in reversed(pairs):
        rounds = CAMERA_LAST_ROUNDS if now is current else CAMERA_ROUNDS
        numbers = _refined_camera(numbers, before, now, rounds)
    return _affine_flow(numbers, current)


def displacement(previous: Tensor, current: Tensor) -> Tensor:
    """For each pixel of ``current``, how far away it was in ``previous``; both ``(1, 1, h, w)`` in [0, 1].

    Returns:
        ``(1, 2, h, w)``: x as a fraction of the width, y as a fraction of the height.
    """
    pairs = _pyramid(previous, current)
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


def _refined_camera(numbers: Tensor, before: Tensor, now: Tensor, rounds: int) -> Tensor:
    height, width = now.shape[-2:]
    across, down = slopes(now)
    basis = _basis(height, width, now.dtype)
    across_parts, down_parts = width * across.flatten() * basis, height * down.flatten() * basis
    parts = torch.cat([across_parts, down_parts])  # (6, pixels)
    ridge = 1e-6 * torch.eye(6, dtype=now.dtype) * parts.square().sum(1).mean().clamp_min(1e-9)
    for _ in range(rounds):
        error = (moved(before, _affine_flow(numbers, now)) - now).flatten()
        spread = error.abs().mean().clamp_min(1e-3)
        weighted = parts * torch.reciprocal(1 + (error / spread).square())
        numbers = numbers - torch.linalg.solve(weighted @ parts.mT + ridge, weighted @ error)
    return numbers


def _affine_flow(numbers: Tensor, like: Tensor) -> Tensor:
    height, width = like.shape[-2:]
    return (numbers.view(2, 3) @ _basis(height, width, like.dtype)).view(1, 2, height, width)


@lru_cache(maxsize=64)
def _basis(height: int, width: int, dtype: torch.dtype) -> Tensor:
    """One, x and y of every pixel, ``(3, pixels)``."""
    places = _places(height, width, dtype).view(-1, 2).mT
    return torch.cat([torch.ones_like(places[:1]), places])


def _pyramid(previous: Tensor, current: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Both pictures, halved again and again."""
    pairs = [(previous, current)]
    while min(pairs[-1][0].shape[-2:]) >= 2 * SMALLEST_SIDE:
        before, now = pairs[-1]
        pairs.append((_halved(before), _halved(now)))
    return pairs


def _halved(picture: Tensor) -> Tensor:
    """Half as large, of exactly the same part of the world."""
    height, width = picture.shape[-2:]
    return F.adaptive_avg_pool2d(picture, (max(1, height // 2), max(1, width // 2)))


def _resized(flow: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(flow, like.shape[-2:], mode="bilinear", align_corners=False)


@lru_cache(maxsize=64)
def _places(height: int, width: int, dtype: torch.dtype) -> Tensor:
    """The centre of every pixel in [-1, 1], ``(1, H, W, 2)``."""
    y = (torch.arange(height, dtype=dtype) * 2 + 1) / height - 1
    x = (torch.arange(width, dtype=dtype) * 2 + 1) / width - 1
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None]
