"""What an adjustment must keep: the drawing, and the look of something made."""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.layers import gaussian_blur
from bottega.personalize.adjustment import Adjustment
from bottega.personalize.seen import seen
from bottega.personalize.warp import FURTHEST

UNEVEN = {"warp": 60.0, "detail": 1.0, "flatten": 1.0, "grid": 2.0}
"""How dear unevenness of each map is: squared differences between neighbouring cells."""

BENT = 600.0
"""How dear it is to bend: squared second differences of the warp. Shifts and zooms bend nothing."""

SIZES = {"detail": 0.1, "flatten": 0.1, "grid": 0.5, "strokes": 0.1}
"""How dear it is to use a part at all: mean squares."""


def drawing_lost(light: Tensor, drawing: Tensor) -> Tensor:
    """``(N,)``: 1 − agreement of edge orientations of ``light`` with those of ``drawing``, both ``(N, 1, H,
    W)``.

    The measure of :func:`bottega.evaluate.edge_agreement` (deviation 1.5 at the size of reading),
    differentiable.
    """
    found, expected = (_orientation(seen(plane)) for plane in (light, drawing))
    strength = (expected.square().sum(1, keepdim=True) + 1e-12).sqrt()
    cosine = (found * expected).sum(1, keepdim=True)
    cosine = cosine / ((found.square().sum(1, keepdim=True) + 1e-12).sqrt() * strength + 1e-9)
    return 1 - (strength * cosine).sum((1, 2, 3)) / strength.sum((1, 2, 3)).clamp_min(1e-9)


def unnatural(adjustment: Adjustment, moved: Tensor, excess: Tensor) -> Tensor:
    """``(N,)``: how far an adjustment is from what a careful hand would do.

    Unevenness of its maps, their size, colours cut off at the limits of sRGB, and places from beyond the
    edges.

    Args:
        moved: ``(N, 2, H, W)`` and excess ``(N,)``, of :class:`~.render.Rendered`.
    """
    parts = adjustment.tensors()
    cost = 4 * excess + _beyond(moved)
    for name, weight in UNEVEN.items():
        maps = parts[name]
        across, down = maps.diff(dim=-1).square(), maps.diff(dim=-2).square()
        cost = cost + weight * (across.flatten(1).mean(1) + down.flatten(1).mean(1))
    for axis in (-1, -2):
        cost = cost + BENT * parts["warp"].diff(n=2, dim=axis).square().flatten(1).mean(1)
    for name, weight in SIZES.items():
        cost = cost + weight * parts[name].square().flatten(1).mean(1)
    return cost


def _beyond(moved: Tensor) -> Tensor:
    """Mean distance, in sides, of sources outside the picture."""
    height, width = moved.shape[-2:]
    x = (torch.arange(width).to(moved) + 0.5) / width
    y = (torch.arange(height).to(moved) + 0.5) / height
    source = torch.stack([x + moved[:, 0], y[:, None] + moved[:, 1]], 1)
    return (source - source.clamp(0, 1)).abs().mean((1, 2, 3)) / FURTHEST


def _orientation(light: Tensor) -> Tensor:
    across = (light[..., 1:-1, 2:] - light[..., 1:-1, :-2]) / 2
    down = (light[..., 2:, 1:-1] - light[..., :-2, 1:-1]) / 2
    return gaussian_blur(torch.cat([across.square() - down.square(), 2 * across * down], 1), 1.5)
