"""Filters with mirrored borders: Gaussian blur, Laplacian pyramid, edge orientation, and patches."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import conv2d, unfold

from bottega.errors import PictureError, SettingsError

# The Gaussian kernel ends after so many standard deviations; beyond lie 0.3 % of its mass.
KERNEL_RADIUS_SIGMAS = 3.0
BINOMIAL = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], dtype=torch.float64) / 16


def gaussian_blur(pictures: Tensor, sigma: float) -> Tensor:
    """Blur with a Gaussian of standard deviation ``sigma`` pixels.

    The kernel ends at 3 sigma and sums to 1. Borders are mirrored without repeating the border pixel, as
    often as needed, so that the blur may be wider than the picture.

    Args:
        pictures: ``(N, C, H, W)``, any float type.
        sigma: 0 or more; 0 returns the pictures.
    """
    if sigma == 0:
        return pictures
    radius = max(1, math.ceil(KERNEL_RADIUS_SIGMAS * sigma))
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (offsets / sigma).square())
    return separable_conv(pictures, kernel / kernel.sum())


def separable_conv(pictures: Tensor, kernel: Tensor) -> Tensor:
    """Convolve the rows and the columns of ``(N, C, H, W)`` with a symmetric ``kernel`` of odd length."""
    radius = len(kernel) // 2
    n, c, height, width = pictures.shape
    weights = kernel.to(pictures)
    planes = pictures.reshape(n * c, 1, height, width)
    planes = conv2d(_pad_mirrored(planes, -1, radius), weights.view(1, 1, 1, -1))
    planes = conv2d(_pad_mirrored(planes, -2, radius), weights.view(1, 1, -1, 1))
    return planes.view(n, c, height, width)


def _pad_mirrored(planes: Tensor, axis: int, radius: int) -> Tensor:
    """``radius`` more positions on both sides of ``axis``: … 2 1 | 0 1 2 …, back and forth."""
    length = planes.shape[axis]
    indices = torch.arange(-radius, length + radius, device=planes.device)
    period = max(2 * (length - 1), 1)
    indices = indices.remainder(period)
    return planes.index_select(axis, torch.minimum(indices, period - indices) if length > 1 else indices * 0)


def laplacian_pyramid(pictures: Tensor, levels: int) -> list[Tensor]:
    """Split into ``levels`` bands of detail (Burt and Adelson 1983), with the binomial filter.

    Each band is the difference between the picture and its enlarged next smaller version.

    Args:
        pictures: ``(N, C, H, W)``, any size, float.
        levels: 1 is the picture itself.

    Returns:
        From the finest band ``(N, C, H, W)`` to the coarse rest, sides halved and rounded up each time.

    Raises:
        SettingsError: ``levels`` is below 1.
    """
    if levels < 1:
        raise SettingsError(f"A pyramid needs at least one level, not {levels}.")
    bands, rest = [], pictures
    for _ in range(levels - 1):
        smaller = separable_conv(rest, BINOMIAL)[..., ::2, ::2]
        bands.append(rest - pyramid_upsample(smaller, rest.shape[-2], rest.shape[-1]))
        rest = smaller
    return [*bands, rest]


def pyramid_upsample(small: Tensor, height: int, width: int) -> Tensor:
    """Twice the size: zeros between the pixels, then the binomial filter times 4."""
    large = small.new_zeros(*small.shape[:-2], height, width)
    large[..., ::2, ::2] = small
    return separable_conv(large, 2 * BINOMIAL)


def edge_orientation(luma: Tensor, sigma: float) -> Tensor:
    """The structure tensor (Bigün and Granlund 1987) as double-angle vectors; their length is edge strength.

    The double angle ignores which side of an edge is lighter. Differentiable.

    Args:
        luma: ``(N, 1, H, W)``.
        sigma: of the Gaussian over which orientations are averaged, in pixels.

    Returns:
        ``(N, 2, H - 2, W - 2)``.
    """
    across = (luma[..., 1:-1, 2:] - luma[..., 1:-1, :-2]) / 2
    down = (luma[..., 2:, 1:-1] - luma[..., :-2, 1:-1]) / 2
    return gaussian_blur(torch.cat([across.square() - down.square(), 2 * across * down], 1), sigma)


def extract_patches(pictures: Tensor, size: int) -> Tensor:
    """All ``size × size`` patches that lie wholly inside, one for each position.

    Args:
        pictures: ``(N, C, H, W)``.

    Returns:
        ``(N, patches, C · size²)``: channel by channel, row by row; patches in reading order.

    Raises:
        PictureError: the picture is smaller than one patch.
    """
    height, width = pictures.shape[-2:]
    if min(height, width) < size:
        raise PictureError(f"A picture of {width} × {height} pixels has no patch of {size} × {size}.")
    return unfold(pictures, size).transpose(1, 2)
