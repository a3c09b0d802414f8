"""Luma, and OKLab: a color space whose lightness, hue and chroma match perception."""

from __future__ import annotations

import torch
from torch import Tensor

# B. Ottosson, "A perceptual color space for image processing" (2020): linear sRGB to cone responses, and the
# cones' cube roots to lightness L, green-red a, blue-yellow b. The inverses are computed, not rounded ones.
RGB_TO_CONES = torch.tensor(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=torch.float64,
)
CONES_TO_LAB = torch.tensor(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=torch.float64,
)
# Keeps the slope of the cube root finite at black.
BLACK_OFFSET = 1e-9
REC709_LUMA = (0.2126, 0.7152, 0.0722)
REC601_LUMA = (0.299, 0.587, 0.114)


def luma(pictures: Tensor) -> Tensor:
    """Rec. 709 luma ``(N, 1, H, W)`` of sRGB values ``(N, 3, H, W)``, in float64."""
    weights = torch.tensor(REC709_LUMA, dtype=torch.float64, device=pictures.device).view(1, 3, 1, 1)
    return (pictures.double() * weights).sum(1, keepdim=True)


def rgb_to_oklab(pictures: Tensor) -> Tensor:
    """sRGB ``(N, 3, H, W)`` in [0, 1] to OKLab: L in [0, 1], a and b within about ±0.4. Differentiable."""
    cones = _apply_matrix(RGB_TO_CONES, _srgb_to_linear(pictures))
    return _apply_matrix(CONES_TO_LAB, (cones.clamp_min(0) + BLACK_OFFSET).pow(1 / 3))


def oklab_to_rgb(lab: Tensor) -> Tensor:
    """OKLab ``(N, 3, H, W)`` to sRGB; colors outside sRGB come out below 0 or above 1. Differentiable."""
    roots = _apply_matrix(torch.linalg.inv(CONES_TO_LAB), lab)
    return _linear_to_srgb(_apply_matrix(torch.linalg.inv(RGB_TO_CONES), roots.pow(3) - BLACK_OFFSET))


def _apply_matrix(matrix: Tensor, pictures: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", matrix.to(pictures), pictures)


def _srgb_to_linear(srgb: Tensor) -> Tensor:
    """IEC 61966-2-1, odd about zero for values below it."""
    size = srgb.abs()
    curve = ((size.clamp_min(0.04045) + 0.055) / 1.055).pow(2.4)
    return srgb.sign() * torch.where(size <= 0.04045, size / 12.92, curve)


def _linear_to_srgb(linear: Tensor) -> Tensor:
    size = linear.abs()
    curve = 1.055 * size.clamp_min(0.0031308).pow(1 / 2.4) - 0.055
    return linear.sign() * torch.where(size <= 0.0031308, size * 12.92, curve)
