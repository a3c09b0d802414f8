"""Where each part of a frame was in the previous frame: camera motion and optical flow on reduced frames.

Pyramidal Lucas-Kanade (Lucas and Kanade 1981, with Bouguet's pyramid of 2001). Differences: windows are
averaged by box filters, so that every pixel gets its own motion; the gradients are those of the current
frame, computed once per level; a small ridge in the normal equations lets areas without texture keep the
estimate of the coarser level. Flow is in fractions of the image's sides, so that it holds at any size.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

MIN_SIDE_PIXELS = 8  # of the coarsest level
WINDOW_PIXELS = 7
FLOW_ITERATIONS = 2
CAMERA_ITERATIONS, CAMERA_ITERATIONS_FULL_SIZE = 4, 2
RIDGE = 2e-4  # squared slope of brightness, per pixel, below which an area counts as without texture
MAX_STEP_PIXELS = 1.0  # per iteration; the first-order Taylor expansion is valid no further


def camera_motion(previous: Tensor, current: Tensor) -> Tensor:
    """:func:`optical_flow` for the frame as a whole: an affine map, which models pans and zooms.

    Six numbers from thousands of pixels are exact to a small part of a pixel, which the motion of a single
    place is not. Objects with other motions get little weight (Cauchy weights).
    """
    pairs = _pyramid(previous, current)
    affine = previous.new_zeros(6)
    for before, now in reversed(pairs):
        iterations = CAMERA_ITERATIONS_FULL_SIZE if now is current else CAMERA_ITERATIONS
        affine = _refine_camera(affine, before, now, iterations)
    return _affine_flow(affine, current)


def optical_flow(previous: Tensor, current: Tensor) -> Tensor:
    """For each pixel of ``current`` its displacement to ``previous``; both ``(1, 1, h, w)`` in [0, 1].

    Returns:
        ``(1, 2, h, w)``: x as a fraction of the width, y as a fraction of the height.
    """
    pairs = _pyramid(previous, current)
    height, width = pairs[-1][0].shape[-2:]
    flow = previous.new_zeros(1, 2, height, width)
    for before, now in reversed(pairs):
        if flow.shape[-2:] != now.shape[-2:]:
            flow = _resize(flow, now)
        flow = _refine_flow(flow, before, now)
    return flow


def warp(image: Tensor, flow: Tensor, mode: str = "bilinear") -> Tensor:
    """Move ``image (1, C, H, W)``, the previous frame, to where its parts are in the current frame.

    Args:
        flow: of any size.
        mode: ``bilinear``, or ``bicubic``, which keeps more of the grain.
    """
    if flow.shape[-2:] != image.shape[-2:]:
        flow = _resize(flow, image)
    height, width = image.shape[-2:]
    grid = _pixel_centers(height, width, image.dtype) + 2 * flow.permute(0, 2, 3, 1)
    return F.grid_sample(image, grid, mode=mode, padding_mode="border", align_corners=False)


def box_filter(values: Tensor, side: int = WINDOW_PIXELS) -> Tensor:
    """Means over squares; at the border over the part inside."""
    return F.avg_pool2d(values, side, 1, side // 2, count_include_pad=False)


def central_differences(image: Tensor) -> tuple[Tensor, Tensor]:
    """Along x and y, per pixel."""
    padded = F.pad(image, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return across, down


def _refine_flow(flow: Tensor, previous: Tensor, current: Tensor) -> Tensor:
    height, width = current.shape[-2:]
    sides = current.new_tensor([width, height]).view(1, 2, 1, 1)
    across, down = central_differences(current)
    products = torch.cat([across * across, across * down, down * down], 1)
    xx, xy, yy = box_filter(products).unbind(1)
    xx, yy = xx + RIDGE, yy + RIDGE
    determinant = xx * yy - xy * xy
    for _ in range(FLOW_ITERATIONS):
        error = warp(previous, flow) - current
        ex, ey = box_filter(torch.cat([across * error, down * error], 1)).unbind(1)
        step = torch.stack([xy * ey - yy * ex, xy * ex - xx * ey], 1) / determinant[:, None]
        flow = flow + step.clamp(-MAX_STEP_PIXELS, MAX_STEP_PIXELS) / sides
    return box_filter(flow, 5)


def _refine_camera(affine: Tensor, previous: Tensor, current: Tensor, iterations: int) -> Tensor:
    height, width = current.shape[-2:]
    across, down = central_differences(current)
    basis = _affine_basis(height, width, current.dtype)
    jacobian = torch.cat([width * across.flatten() * basis, height * down.flatten() * basis])  # (6, pixels)
    scale = jacobian.square().sum(1).mean().clamp_min(1e-9)
    ridge = 1e-6 * torch.eye(6, dtype=current.dtype) * scale
    for _ in range(iterations):
        error = (warp(previous, _affine_flow(affine, current)) - current).flatten()
        spread = error.abs().mean().clamp_min(1e-3)
        weighted = jacobian * torch.reciprocal(1 + (error / spread).square())
        affine = affine - torch.linalg.solve(weighted @ jacobian.mT + ridge, weighted @ error)
    return affine


def _affine_flow(affine: Tensor, image: Tensor) -> Tensor:
    height, width = image.shape[-2:]
    return (affine.view(2, 3) @ _affine_basis(height, width, image.dtype)).view(1, 2, height, width)


@lru_cache(maxsize=64)
def _affine_basis(height: int, width: int, dtype: torch.dtype) -> Tensor:
    """One, x and y of every pixel, ``(3, pixels)``."""
    centers = _pixel_centers(height, width, dtype).view(-1, 2).mT
    return torch.cat([torch.ones_like(centers[:1]), centers])


def _pyramid(previous: Tensor, current: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Both images, halved repeatedly."""
    pairs = [(previous, current)]
    while min(pairs[-1][0].shape[-2:]) >= 2 * MIN_SIDE_PIXELS:
        before, now = pairs[-1]
        pairs.append((_halve(before), _halve(now)))
    return pairs


def _halve(image: Tensor) -> Tensor:
    height, width = image.shape[-2:]
    return F.adaptive_avg_pool2d(image, (max(1, height // 2), max(1, width // 2)))


def _resize(flow: Tensor, image: Tensor) -> Tensor:
    return F.interpolate(flow, image.shape[-2:], mode="bilinear", align_corners=False)


@lru_cache(maxsize=64)
def _pixel_centers(height: int, width: int, dtype: torch.dtype) -> Tensor:
    """In [-1, 1], ``(1, H, W, 2)``."""
    y = (torch.arange(height, dtype=dtype) * 2 + 1) / height - 1
    x = (torch.arange(width, dtype=dtype) * 2 + 1) / width - 1
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None]
