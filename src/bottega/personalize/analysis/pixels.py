"""The size at which pictures are analyzed, and means and coordinates of their pixels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import PictureError

ANALYSIS_SIDE = 192
"""Shorter side in pixels at which every picture is analyzed: sizes of detail are relative to the picture, and
a thumbnail counts as the smooth picture that it looks like on a wall."""

COARSE_FACTOR = 3  # composition and palette are measured at 1 / COARSE_FACTOR of that
MAX_ASPECT = 6
"""Longer pictures are compressed to this ratio of sides: strips would take gigabytes."""
EPSILON = 1e-8


def resize_for_analysis(pictures: Tensor, side: int = ANALYSIS_SIDE) -> Tensor:
    """``(N, C, H, W)`` with a shorter side of ``side``, antialiased where it shrinks. Differentiable."""
    size = _size_with_short_side(pictures, side)
    if size == tuple(pictures.shape[-2:]):
        return pictures
    antialias = side < min(pictures.shape[-2:])
    return F.interpolate(pictures, size, mode="bilinear", align_corners=False, antialias=antialias)


def resize_coarse(planes: Tensor) -> Tensor:
    """At the size of composition and palette, by means over squares of :data:`COARSE_FACTOR` pixels."""
    return F.avg_pool2d(resize_for_analysis(planes), COARSE_FACTOR)


def upscale_for_analysis(pictures: Tensor) -> Tensor:
    """``(N, 3, H, W)`` in [0, 1], smaller ones with a shorter side of :data:`ANALYSIS_SIDE`: fewer pixels
    cannot hold the strokes and the grain that a condition may ask for."""
    if min(pictures.shape[-2:]) >= ANALYSIS_SIDE:
        return pictures
    size = _size_with_short_side(pictures, ANALYSIS_SIDE)
    return F.interpolate(pictures, size, mode="bicubic", align_corners=False).clamp(0, 1)


def _size_with_short_side(pictures: Tensor, side: int) -> tuple[int, int]:
    height, width = pictures.shape[-2:]
    scale = side / min(height, width)
    tall, wide = (max(side, min(round(length * scale), side * MAX_ASPECT)) for length in (height, width))
    return tall, wide


def check_pictures(pictures: Tensor, mask: Tensor | None) -> None:
    """Check the shapes.

    Raises:
        PictureError: not ``(N, 3, H, W)``, or a mask that is not ``(N or 1, 1, H, W)`` or is black.
    """
    if pictures.ndim != 4 or pictures.shape[1] != 3 or 0 in pictures.shape:
        raise PictureError(f"Pictures must have the shape (N, 3, H, W), not {tuple(pictures.shape)}.")
    if mask is None:
        return
    height, width = pictures.shape[-2:]
    if mask.ndim != 4 or mask.shape[1:] != (1, height, width) or len(mask) not in (1, len(pictures)):
        raise PictureError(
            f"A mask must be as large as its picture: (1, 1, {height}, {width}), not {tuple(mask.shape)}."
        )
    if not bool((mask.flatten(1).sum(1) > 0).all()):
        raise PictureError("The mask is black everywhere; it must be white where the picture may change.")


def weighted_mean(values: Tensor, weights: Tensor | None) -> Tensor:
    """Mean over the pixels of ``(N, C, H, W)``, weighted by ``(N or 1, 1, H, W)``: ``(N, C)``."""
    if weights is None:
        return values.mean((2, 3))
    return (values * weights).sum((2, 3)) / weights.sum((2, 3)).clamp_min(EPSILON)


def safe_sqrt(values: Tensor) -> Tensor:
    """The square root with a finite gradient at zero."""
    return (values.clamp_min(0) + EPSILON).sqrt()


def pixel_coordinates(planes: Tensor) -> tuple[Tensor, Tensor]:
    """Centers of the pixels of ``(…, H, W)`` in [0, 1]: x ``(1, W)`` and y ``(H, 1)``."""
    height, width = planes.shape[-2:]
    x = (torch.arange(width, device=planes.device, dtype=planes.dtype) + 0.5) / width
    y = (torch.arange(height, device=planes.device, dtype=planes.dtype) + 0.5) / height
    return x[None], y[:, None]
