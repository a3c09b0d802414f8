"""The Laplacian pyramid: a picture as bands of detail, each at half the resolution of the one before."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.layers.blur import convolve_axes

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
