"""Convolution along rows and columns with mirrored borders, and the Gaussian blur made of it."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import conv2d

# Standard deviations after which the kernel is cut off; beyond lie 0.3 % of its mass.
CUT = 3.0


def gaussian_blur(pictures: Tensor, sigma: float) -> Tensor:
    """Blur with a Gaussian of standard deviation ``sigma`` pixels.

    The kernel is cut off at 3 sigma and scaled to the sum 1. Borders are mirrored without repeating the
    border pixel, as often as needed, so that the blur may be wider than the picture.

    Args:
        pictures: ``(N, C, H, W)``, any float type.
        sigma: 0 or more; 0 hands back the pictures.
    """
    if sigma == 0:
        return pictures
    radius = max(1, math.ceil(CUT * sigma))
    places = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (places / sigma).square())
    return convolve_axes(pictures, kernel / kernel.sum())


def convolve_axes(pictures: Tensor, kernel: Tensor) -> Tensor:
    """Convolve the rows and the columns of ``(N, C, H, W)`` with a symmetric ``kernel`` of odd length."""
    radius = len(kernel) // 2
    n, c, height, width = pictures.shape
    weights = kernel.to(pictures)
    planes = pictures.reshape(n * c, 1, height, width)
    planes = conv2d(_mirrored(planes, -1, radius), weights.view(1, 1, 1, -1))
    planes = conv2d(_mirrored(planes, -2, radius), weights.view(1, 1, -1, 1))
    return planes.view(n, c, height, width)


def _mirrored(planes: Tensor, axis: int, radius: int) -> Tensor:
    """``radius`` more positions on both sides of ``axis``: … 2 1 | 0 1 2 …, to and fro."""
    length = planes.shape[axis]
    places = torch.arange(-radius, length + radius, device=planes.device)
    period = max(2 * (length - 1), 1)
    places = places.remainder(period)
    return planes.index_select(axis, torch.minimum(places, period - places) if length > 1 else places * 0)
