"""Reading texture: size and direction of strokes, roughness, abstraction."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from bottega.personalize.seen import mean, root

BANDS = 5
"""Octaves of detail, from waves of about 3 pixels to 48 of a picture with a shorter side of 192."""

GRAIN = 0.04
"""Deviation of lightness in the two finest octaves at which roughness is one half."""

QUIET = 2e-3
"""Slopes of lightness below this are no detail: a flat picture is abstract, not noisy."""


def read_texture(light: Tensor, weights: Tensor | None = None) -> Tensor:
    """``(N, 5)``: size of strokes, direction (two numbers), roughness, abstraction.

    Args:
        light: ``(N, 1, H, W)``, L of OKLab, shorter side 192; weights: ``(N or 1, 1, H, W)``.
    """
    bands = detail(light)
    powers = torch.cat([mean(band.square(), reduced(weights, band)) for band in bands], 1)
    return torch.cat(
        [
            stroke_size(powers),
            stroke_direction(bands[1], weights),
            roughness(powers),
            abstraction(light, weights),
        ],
        1,
    )


def detail(light: Tensor, levels: int = BANDS) -> list[Tensor]:
    """Octaves of detail: each the difference to the picture halved by means and enlarged again."""
    bands = []
    for _ in range(levels):
        halved = avg_pool2d(light, 2, ceil_mode=True)
        bands.append(light - interpolate(halved, light.shape[-2:], mode="bilinear", align_corners=False))
        light = halved
    return bands


def stroke_size(powers: Tensor) -> Tensor:
    """Mean octave, weighted by the octaves' deviations ``powers (N, 5)``: 0 is the finest, 1 the coarsest."""
    deviations = root(powers)
    octaves = torch.linspace(0, 1, BANDS, device=powers.device, dtype=powers.dtype)
    return (deviations * octaves).sum(1, keepdim=True) / deviations.sum(1, keepdim=True)


def stroke_direction(band: Tensor, weights: Tensor | None) -> Tensor:
    """``(N, 2)``: cos 2φ and sin 2φ of the direction of strokes, times how alike they run (0 to 1).

    The structure tensor (Bigün and Granlund 1987) of the second octave, slopes by Scharr's filter; strokes
    run across the slopes.
    """
    across = _smoothed((band[..., 2:] - band[..., :-2]) / 2, -2)
    down = _smoothed((band[..., 2:, :] - band[..., :-2, :]) / 2, -1)
    inner = reduced(weights, across)
    plain = mean(down.square() - across.square(), inner)
    oblique = mean(2 * across * down, inner)
    power = mean(across.square() + down.square(), inner) + QUIET**2 / 4
    return torch.cat([plain, oblique], 1) / power


def roughness(powers: Tensor) -> Tensor:
    """``(N, 1)``: d / (d + 0.04), d the deviation of the two finest octaves."""
    deviation = root(powers[:, :2].sum(1, keepdim=True))
    return deviation / (deviation + GRAIN)


def abstraction(light: Tensor, weights: Tensor | None) -> Tensor:
    """``(N, 1)``: 1 − mean slope / root mean square slope, the sparseness of edges (after Hoyer 2004).

    Few edges between flat areas are near 1; Gaussian noise, which has detail everywhere, is 0.11 (1 −
    √(π/4)).
    """
    across = light[..., :-1, 1:] - light[..., :-1, :-1]
    down = light[..., 1:, :-1] - light[..., :-1, :-1]
    power = across.square() + down.square()
    inner = reduced(weights, power)
    quiet = QUIET**2
    slopes = mean((power + quiet / 100).sqrt(), inner)
    return 1 - slopes / (mean(power, inner) + quiet).sqrt()


def _smoothed(planes: Tensor, axis: int) -> Tensor:
    """By (3, 10, 3) / 16 along an axis: with it slopes of short waves keep their angle (Scharr 2000)."""
    length = planes.shape[axis] - 2
    low, middle, high = (planes.narrow(axis, start, length) for start in range(3))
    return (3 * low + 10 * middle + 3 * high) / 16


def reduced(weights: Tensor | None, like: Tensor) -> Tensor | None:
    """The weights at the size of ``like (…, h, w)``."""
    if weights is None or weights.shape[-2:] == like.shape[-2:]:
        return weights
    return interpolate(weights, like.shape[-2:], mode="area")
