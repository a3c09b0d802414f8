"""Reading composition: subject, horizon, symmetry, thirds, empty space."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bottega.layers import gaussian_blur
from bottega.personalize.saliency import saliency
from bottega.personalize.seen import places, root

HORIZON_SHARPNESS = 16
"""The power of the between-class variance that the horizon is weighed by: nearly its maximum, yet smooth."""

THIRD_SPREAD = 1 / 12
"""Deviation of the bell around each crossing of thirds, in sides of the picture."""

CALM = 0.02
"""Change of lightness from pixel to pixel, at 64 pixels, at which a place is half empty."""

SMALL = 1e-6


def read_composition(lab: Tensor) -> Tensor:
    """``(N, 7)``: subject x, y, its size, horizon, symmetry, thirds, empty space.

    Args:
        lab: ``(N, 3, h, w)`` in OKLab, shorter side 64.
    """
    standing_out = saliency(lab)
    return torch.cat(
        [
            subject(standing_out),
            horizon(lab),
            symmetry(lab),
            thirds(standing_out),
            empty_space(lab),
        ],
        1,
    )


def subject(saliency: Tensor) -> Tensor:
    """``(N, 3)``: centre of gravity x, y of the map, and √12 · √(σₓ σᵧ): 0 for a point, 1 for an even map."""
    x, y = places(saliency)
    centre_x, centre_y = ((saliency * where).sum((2, 3)) for where in (x, y))
    spread_x = (saliency * (x - centre_x[..., None, None]).square()).sum((2, 3))
    spread_y = (saliency * (y - centre_y[..., None, None]).square()).sum((2, 3))
    size = math.sqrt(12) * root(root(spread_x) * root(spread_y))
    return torch.cat([centre_x, centre_y, size.clamp_max(1)], 1)


def horizon(lab: Tensor) -> Tensor:
    """``(N, 1)``: the height that best parts the picture in an upper and a lower part.

    For each height t the variance between the parts, t (1 − t) ‖mean above − mean below‖² (Otsu 1979, on
    rows); the heights' mean weighted by its 16th power.
    """
    rows = lab.mean(3)
    count = rows.shape[2]
    above = rows.cumsum(2)[..., :-1]
    number = torch.arange(1, count, device=lab.device, dtype=lab.dtype)
    below = rows.sum(2, keepdim=True) - above
    share = number / count
    between = share * (1 - share) * (above / number - below / (count - number)).square().sum(1)
    weight = ((between + SMALL) / (between.amax(1, keepdim=True) + SMALL)).pow(HORIZON_SHARPNESS)
    return (weight * share).sum(1, keepdim=True) / weight.sum(1, keepdim=True)


def symmetry(lab: Tensor) -> Tensor:
    """``(N, 1)``: (1 + correlation of the picture with its mirror image) / 2, blurred by 1/64 of the side."""
    soft = gaussian_blur(lab, 1.0)
    centred = soft - soft.mean((2, 3), keepdim=True)
    power = centred.square().sum((1, 2, 3)) / centred[0, 0].numel()
    shared = (centred * centred.flip(-1)).sum((1, 2, 3)) / centred[0, 0].numel()
    return ((1 + (shared + SMALL) / (power + SMALL)) / 2)[:, None]


def thirds(saliency: Tensor) -> Tensor:
    """``(N, 1)``: mean over the map of bells around the four crossings of thirds; 0.17 for an even map."""
    x, y = places(saliency)
    bells = _near_thirds(x) * _near_thirds(y)
    return (saliency * bells).sum((2, 3))


def empty_space(lab: Tensor) -> Tensor:
    """``(N, 1)``: mean of 0.02² / (0.02² + change²), change being the blurred slope of lightness."""
    light = lab[:, :1]
    across = light[..., :-1, 1:] - light[..., :-1, :-1]
    down = light[..., 1:, :-1] - light[..., :-1, :-1]
    change = gaussian_blur(across.square() + down.square(), 2.0)
    return (CALM**2 / (CALM**2 + change)).mean((2, 3))


def _near_thirds(where: Tensor) -> Tensor:
    bells = [torch.exp(-0.5 * ((where - third) / THIRD_SPREAD).square()) for third in (1 / 3, 2 / 3)]
    return bells[0] + bells[1]
