"""Convolution along rows and columns with mirrored borders, and the Gaussian blur made of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import conv2d, unfold

from bottega.errors import PictureError, SettingsError

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


BINOMIAL = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], dtype=torch.float64) / 16


def laplacian_pyramid(pictures: Tensor, levels: int) -> list[Tensor]:
    """Split into ``levels`` bands (Burt and Adelson 1983), with the binomial filter and mirrored borders.

    Args:
        pictures: ``(N, C, H, W)``, any size, float.
        levels: 1 is the picture itself.

    Returns:
        From the finest band ``(N, C, H, W)`` to the coarse rest, sides halved and rounded up each time.
        :func:`reconstruct` gives back the picture.

    Raises:
        SettingsError: ``levels`` is below 1.
    """
    if levels < 1:
        raise SettingsError(f"A pyramid has at least one level, not {levels}.")
    bands, rest = [], pictures
    for _ in range(levels - 1):
        smaller = convolve_axes(rest, BINOMIAL)[..., ::2, ::2]
        bands.append(rest - _enlarged(smaller, rest.shape[-2], rest.shape[-1]))
        rest = smaller
    return [*bands, rest]


def reconstruct(bands: Sequence[Tensor]) -> Tensor:
    """The picture that :func:`laplacian_pyramid` split, up to rounding."""
    picture = bands[-1]
    for band in reversed(bands[:-1]):
        picture = band + _enlarged(picture, band.shape[-2], band.shape[-1])
    return picture


def _enlarged(small: Tensor, height: int, width: int) -> Tensor:
    """Twice the size: zeros between the pixels, then the filter times 4."""
    large = small.new_zeros(*small.shape[:-2], height, width)
    large[..., ::2, ::2] = small
    return convolve_axes(large, 2 * BINOMIAL)


def extract_patches(pictures: Tensor, size: int) -> Tensor:
    """All ``size × size`` patches that lie wholly inside, one for each place.

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
