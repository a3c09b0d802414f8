"""Saliency, and what follows from it and from the layout: subject, horizon, symmetry, thirds, empty space."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bottega.layers import gaussian_blur
from bottega.personalize.analysis.pixels import pixel_coordinates, safe_sqrt

CENTER_SURROUND_SIGMAS = ((1.0, 4.0), (2.0, 8.0))
"""Of center and surround, in pixels of a picture with a shorter side of 64."""

CHROMA_WEIGHT = 2.0  # of differences of chroma in saliency, relative to differences of lightness
BORDER_SHARE = 0.1  # width of the border whose colors are taken for the background's, as a share of each side
CENTER_BIAS_SIGMA = 0.5  # of the Gaussian, in sides of the picture, by which the edges count less
SALIENCY_POWER = 3.0  # lets the strongest places outweigh a busy rest
HORIZON_POWER = 16  # of the between-class variance that weights the heights: nearly its maximum, yet smooth
THIRDS_SIGMA = 1 / 12  # of the Gaussian around each crossing of thirds, in sides of the picture
CALM_CHANGE = 0.02  # change of lightness from pixel to pixel, at 64 pixels, at which a place is half empty
EPSILON = 1e-6


def measure_composition(lab: Tensor) -> Tensor:
    """``(N, 7)``: subject x, y, its size, horizon, symmetry, thirds, empty space.

    Args:
        lab: ``(N, 3, h, w)`` in OKLab, shorter side 64.
    """
    salience = saliency(lab)
    return torch.cat([subject(salience), horizon(lab), symmetry(lab), thirds(salience), empty_space(lab)], 1)


def saliency(lab: Tensor) -> Tensor:
    """How much each place draws the eye: ``(N, 1, h, w)``, with a sum of 1 per picture. Differentiable.

    The sum of two maps, each divided by its mean: how unlike the border's colors a place is (Mahalanobis
    distance; that the border is background is the prior of Wei et al. 2012), and Σ ‖G_c ∗ P − G_s ∗ P‖ over
    two scales, center against surround (Itti, Koch and Niebur 1998, in OKLab, without maps of orientation).
    Times a Gaussian around the middle; the map is S³ / Σ S³.

    Args:
        lab: ``(N, 3, h, w)`` in OKLab, shorter side 64.
    """
    weighted = lab * torch.tensor([1.0, CHROMA_WEIGHT, CHROMA_WEIGHT]).to(lab).view(1, 3, 1, 1)
    border = _scale_to_mean_one(_border_distance(weighted))
    contrast = torch.stack(
        [
            safe_sqrt((gaussian_blur(weighted, c) - gaussian_blur(weighted, s)).square().sum(1, keepdim=True))
            for c, s in CENTER_SURROUND_SIGMAS
        ]
    )
    combined = border + _scale_to_mean_one(contrast.sum(0))
    x, y = pixel_coordinates(lab)
    bias = torch.exp(-((x - 0.5).square() + (y - 0.5).square()) / (2 * CENTER_BIAS_SIGMA**2))
    sharp = (combined * bias).pow(SALIENCY_POWER)
    return sharp / sharp.sum((2, 3), keepdim=True)


def _border_distance(weighted: Tensor) -> Tensor:
    """Mahalanobis distance to the colors along the four edges, ``(N, 1, h, w)``."""
    blurred = gaussian_blur(weighted, 1.0)
    height, width = weighted.shape[-2:]
    rows, columns = (max(2, round(BORDER_SHARE * side)) for side in (height, width))
    strips = (
        weighted[..., :rows, :],
        weighted[..., -rows:, :],
        weighted[..., :columns],
        weighted[..., -columns:],
    )
    border = torch.cat([strip.flatten(2) for strip in strips], 2)
    mean = border.mean(2, keepdim=True)
    covariance = (border - mean) @ (border - mean).mT / border.shape[2]
    inverse = torch.linalg.inv(covariance + 1e-3 * torch.eye(3).to(covariance))
    difference = blurred.flatten(2) - mean
    squared = (inverse @ difference * difference).sum(1)
    return safe_sqrt(squared).view(-1, 1, height, width)


def _scale_to_mean_one(values: Tensor) -> Tensor:
    return (values + 1e-3) / (values + 1e-3).mean((2, 3), keepdim=True)


def subject(salience: Tensor) -> Tensor:
    """``(N, 3)``: center of gravity x, y of the map, and √12 · √(σₓ σᵧ): 0 for a point, 1 for an even map."""
    x, y = pixel_coordinates(salience)
    center_x, center_y = ((salience * where).sum((2, 3)) for where in (x, y))
    variance_x = (salience * (x - center_x[..., None, None]).square()).sum((2, 3))
    variance_y = (salience * (y - center_y[..., None, None]).square()).sum((2, 3))
    size = math.sqrt(12) * safe_sqrt(safe_sqrt(variance_x) * safe_sqrt(variance_y))
    return torch.cat([center_x, center_y, size.clamp_max(1)], 1)


def horizon(lab: Tensor) -> Tensor:
    """``(N, 1)``: the height that best separates an upper from a lower part.

    For each height t the variance between the parts, t (1 − t) ‖mean above − mean below‖² (Otsu 1979, on
    rows); the heights' mean weighted by its 16th power.
    """
    rows = lab.mean(3)
    height = rows.shape[2]
    above = rows.cumsum(2)[..., :-1]
    count = torch.arange(1, height, device=lab.device, dtype=lab.dtype)
    below = rows.sum(2, keepdim=True) - above
    t = count / height
    variance = t * (1 - t) * (above / count - below / (height - count)).square().sum(1)
    weight = ((variance + EPSILON) / (variance.amax(1, keepdim=True) + EPSILON)).pow(HORIZON_POWER)
    return (weight * t).sum(1, keepdim=True) / weight.sum(1, keepdim=True)


def symmetry(lab: Tensor) -> Tensor:
    """``(N, 1)``: (1 + correlation of the picture with its mirror image) / 2, blurred by 1/64 of the side."""
    blurred = gaussian_blur(lab, 1.0)
    centered = blurred - blurred.mean((2, 3), keepdim=True)
    pixels = centered[0, 0].numel()
    variance = centered.square().sum((1, 2, 3)) / pixels
    covariance = (centered * centered.flip(-1)).sum((1, 2, 3)) / pixels
    return ((1 + (covariance + EPSILON) / (variance + EPSILON)) / 2)[:, None]


def thirds(salience: Tensor) -> Tensor:
    """``(N, 1)``: mean over the map of Gaussians around the crossings of thirds; 0.17 for an even map."""

    def near_thirds(where: Tensor) -> Tensor:
        first, second = (torch.exp(-0.5 * ((where - t) / THIRDS_SIGMA).square()) for t in (1 / 3, 2 / 3))
        return first + second

    x, y = pixel_coordinates(salience)
    return (salience * (near_thirds(x) * near_thirds(y))).sum((2, 3))


def empty_space(lab: Tensor) -> Tensor:
    """``(N, 1)``: mean of 0.02² / (0.02² + change²), change being the blurred gradient of lightness."""
    light = lab[:, :1]
    dx = light[..., :-1, 1:] - light[..., :-1, :-1]
    dy = light[..., 1:, :-1] - light[..., :-1, :-1]
    squared = gaussian_blur(dx.square() + dy.square(), 2.0)
    return (CALM_CHANGE**2 / (CALM_CHANGE**2 + squared)).mean((2, 3))
