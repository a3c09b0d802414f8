"""Size and direction of strokes, roughness, abstraction."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from bottega.personalize.analysis.pixels import safe_sqrt, weighted_mean

OCTAVES = 5  # of detail, from waves of about 3 pixels to 48 of a picture with a shorter side of 192
HALF_ROUGH_DEVIATION = 0.04  # deviation of lightness in the two finest octaves at which roughness is one half
MIN_GRADIENT = 2e-3  # smaller gradients of lightness are not detail: a flat picture is abstract, not noisy


def measure_texture(light: Tensor, weights: Tensor | None = None) -> Tensor:
    """``(N, 5)``: size of strokes, direction (two numbers), roughness, abstraction.

    Args:
        light: ``(N, 1, H, W)``, L of OKLab, shorter side 192; weights: ``(N or 1, 1, H, W)``.
    """
    octaves = detail_octaves(light)
    variances = torch.cat(
        [weighted_mean(octave.square(), _resize_weights(weights, octave)) for octave in octaves], 1
    )
    return torch.cat(
        [
            stroke_size(variances),
            stroke_direction(octaves[1], weights),
            roughness(variances),
            abstraction(light, weights),
        ],
        1,
    )


def detail_octaves(light: Tensor) -> list[Tensor]:
    """Octaves of detail, the finest first: differences to the picture halved by means and enlarged again."""
    octaves = []
    for _ in range(OCTAVES):
        halved = avg_pool2d(light, 2, ceil_mode=True)
        octaves.append(light - interpolate(halved, light.shape[-2:], mode="bilinear", align_corners=False))
        light = halved
    return octaves


def stroke_size(variances: Tensor) -> Tensor:
    """Mean octave, weighted by deviations, from ``variances (N, 5)``: 0 is the finest, 1 the coarsest."""
    deviations = safe_sqrt(variances)
    octaves = torch.linspace(0, 1, OCTAVES, device=variances.device, dtype=variances.dtype)
    return (deviations * octaves).sum(1, keepdim=True) / deviations.sum(1, keepdim=True)


def stroke_direction(octave: Tensor, weights: Tensor | None) -> Tensor:
    """``(N, 2)``: cos 2φ and sin 2φ of the direction of strokes, times how aligned they are (0 to 1).

    The structure tensor (Bigün and Granlund 1987) of the second octave, gradients by Scharr's filter; strokes
    run across the gradients.
    """
    dx = _scharr_smooth((octave[..., 2:] - octave[..., :-2]) / 2, -2)
    dy = _scharr_smooth((octave[..., 2:, :] - octave[..., :-2, :]) / 2, -1)
    inner = _resize_weights(weights, dx)
    cos2 = weighted_mean(dy.square() - dx.square(), inner)
    sin2 = weighted_mean(2 * dx * dy, inner)
    power = weighted_mean(dx.square() + dy.square(), inner) + MIN_GRADIENT**2 / 4
    return torch.cat([cos2, sin2], 1) / power


def roughness(variances: Tensor) -> Tensor:
    """``(N, 1)``: d / (d + 0.04), d the deviation of the two finest octaves."""
    deviation = safe_sqrt(variances[:, :2].sum(1, keepdim=True))
    return deviation / (deviation + HALF_ROUGH_DEVIATION)


def abstraction(light: Tensor, weights: Tensor | None) -> Tensor:
    """``(N, 1)``: 1 − mean gradient / root mean square gradient, the sparseness of edges (Hoyer 2004).

    Few edges between flat areas are near 1; Gaussian noise, which has detail everywhere, is 0.11 (1 −
    √(π/4)).
    """
    dx = light[..., :-1, 1:] - light[..., :-1, :-1]
    dy = light[..., 1:, :-1] - light[..., :-1, :-1]
    squared = dx.square() + dy.square()
    inner = _resize_weights(weights, squared)
    least = MIN_GRADIENT**2
    mean_gradient = weighted_mean((squared + least / 100).sqrt(), inner)
    return 1 - mean_gradient / (weighted_mean(squared, inner) + least).sqrt()


def _scharr_smooth(planes: Tensor, axis: int) -> Tensor:
    """By (3, 10, 3) / 16 along an axis: with it gradients of short waves keep their angle (Scharr 2000)."""
    length = planes.shape[axis] - 2
    low, middle, high = (planes.narrow(axis, start, length) for start in range(3))
    return (3 * low + 10 * middle + 3 * high) / 16


def _resize_weights(weights: Tensor | None, planes: Tensor) -> Tensor | None:
    """The weights at the size of ``planes (…, h, w)``."""
    if weights is None or weights.shape[-2:] == planes.shape[-2:]:
        return weights
    return interpolate(weights, planes.shape[-2:], mode="area")
