"""A picture in the colours of a palette, in closed form: colours are moved as little as the shares allow."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

from bottega.personalize.movers import soft_plan
from bottega.personalize.palette import settled
from bottega.personalize.seen import COARSE, seen

SOURCES = 24
"""Colours that stand for the picture's: four times as many as a palette has, so that parts of one colour may
take different ones."""

SOFTNESS = 0.001
"""Of the plan: softer ones send a colour halfway between two of the palette's, to grey between blue and
ochre."""

NEAR = 0.05
"""Deviation in OKLab of the bell by which a colour follows those that stand for it."""

STEPS = 24
"""Of the table of colours, along each axis of OKLab."""

LOW = (0.0, -0.35, -0.35)
HIGH = (1.0, 0.35, 0.35)


@torch.no_grad()
def repaletted(lab: Tensor, palette: Tensor, mask: Tensor | None = None, strength: float = 1.0) -> Tensor:
    """OKLab ``(N, 3, H, W)`` with the colours of ``palette (N, 6, 4)``.

    Its colours are gathered in clusters; the plan that moves their masses to the palette's with least work
    (Sinkhorn) says where each cluster goes on the whole; every pixel is shifted as the clusters near it are,
    so that the variation around them, the drawing, stays. (A second pass comes nearer to the palette, and
    makes posters of photographs.)

    Args:
        mask: ``(N or 1, 1, H, W)``, where the picture's own colours are taken from; all of it is recoloured.
        strength: in [0, 1], how far the colours go.
    """
    return lab + strength * _shifts(lab, palette, mask)


def _shifts(lab: Tensor, palette: Tensor, mask: Tensor | None) -> Tensor:
    """By how much each pixel's colour moves, ``(N, 3, H, W)``."""
    coarse = avg_pool2d(seen(lab), COARSE)
    weights = None if mask is None else avg_pool2d(seen(mask.to(lab)), COARSE)
    colors = coarse.flatten(2).mT
    mass = (
        torch.ones_like(colors[..., :1])
        if weights is None
        else weights.flatten(2).mT.expand_as(colors[..., :1])
    )
    members = settled(colors, mass, SOURCES) * mass
    masses = members.sum(1)
    centres = members.mT @ colors / masses[..., None].clamp_min(1e-9)
    cost = (centres[:, :, None] - palette[:, None, :, :3]).square().sum(3)
    plan = soft_plan(cost, masses / masses.sum(1, keepdim=True), palette[..., 3], SOFTNESS)
    goals = plan @ palette[..., :3] / plan.sum(2, keepdim=True).clamp_min(1e-12)
    there = masses > 1e-9
    shifts = torch.where(there[..., None], goals - centres, 0)
    return _looked_up(_table(centres, shifts, there), lab)


def _table(centres: Tensor, shifts: Tensor, there: Tensor) -> Tensor:
    """The shift of every colour of a lattice: ``(N, 3, STEPS, STEPS, STEPS)``, axes b, a, L."""
    axes = [torch.linspace(low, high, STEPS).to(centres) for low, high in zip(LOW, HIGH, strict=True)]
    b, a, light = torch.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    lattice = torch.stack([light, a, b], -1).view(1, -1, 3)
    apart = (torch.cdist(lattice.expand(len(centres), -1, -1), centres) / NEAR).square() / 2
    # Far from all clusters the nearest decides, softly.
    apart = apart.masked_fill(~there[:, None], torch.inf)
    shares = torch.softmax(-apart, 2)
    return (shares @ shifts).mT.reshape(-1, 3, STEPS, STEPS, STEPS)


def _looked_up(table: Tensor, lab: Tensor) -> Tensor:
    low, high = (torch.tensor(end).to(lab).view(1, 3, 1, 1) for end in (LOW, HIGH))
    where = (2 * (lab - low) / (high - low) - 1).permute(0, 2, 3, 1)[:, None]
    return grid_sample(table, where, padding_mode="border", align_corners=True)[:, :, 0]
