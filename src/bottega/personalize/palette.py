"""Reading a palette: six colours that stand for all of a picture's."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from bottega.personalize.attributes import SWATCHES

ROUNDS = 6
LEAST_SPREAD = 1e-4
"""Squared; colours that deviate less (1 % of the way from black to white) are one colour."""


def read_palette(lab: Tensor, weights: Tensor | None = None, count: int = SWATCHES) -> Tensor:
    """Swatches ``(N, count, 4)``: L, a, b and share, the largest share first; zeros where fewer suffice.

    The colours are split along the longest axis of the cluster that spreads most (Orchard and Bouman 1991),
    then settled by Lloyd's rounds. Differentiable in the colours; which swatch a pixel belongs to is taken as
    given.

    Args:
        lab: ``(N, 3, H, W)`` in OKLab; weights: ``(N or 1, 1, H, W)``.
    """
    colors = lab.flatten(2).mT
    mass = (
        torch.ones_like(colors[..., :1])
        if weights is None
        else weights.flatten(2).mT.expand_as(colors[..., :1])
    )
    with torch.no_grad():
        members = settled(colors, mass, count)
    sums = members.mT @ (mass * colors)
    masses = (members.mT @ mass).clamp_min(0)
    there = masses > 1e-9
    centres = torch.where(there, sums / masses.clamp_min(1e-9), 0)
    swatches = torch.cat([centres, masses / mass.sum(1, keepdim=True)], 2)
    order = swatches[..., 3].argsort(dim=1, descending=True, stable=True)
    return swatches.gather(1, order[..., None].expand(-1, -1, 4))


def settled(colors: Tensor, mass: Tensor, count: int) -> Tensor:
    """Which of ``count`` clusters each colour belongs to: ``(N, pixels, count)``, zeros and ones.

    Args:
        colors: ``(N, pixels, 3)``; mass: ``(N, pixels, 1)``.
    """
    owner = torch.zeros(colors.shape[:2], dtype=torch.long, device=colors.device)
    for made in range(1, count):
        owner = _split(colors, mass, owner, made)
    members = one_hot(owner, count).to(colors)
    for _ in range(ROUNDS):
        masses = (members * mass).sum(1)
        centres = (members * mass).mT @ colors / masses[..., None].clamp_min(1e-9)
        apart = torch.cdist(colors, centres) + torch.where(masses > 1e-9, 0.0, torch.inf)[:, None]
        members = one_hot(apart.argmin(2), count).to(colors)
    return members


def _split(colors: Tensor, mass: Tensor, owner: Tensor, made: int) -> Tensor:
    """Halve, in each picture, the cluster whose longest axis holds most; its upper half becomes ``made``."""
    members = one_hot(owner, made).to(colors) * mass
    masses = members.sum(1)
    means = members.mT @ colors / masses[..., None].clamp_min(1e-9)
    outer = (colors[..., :, None] * colors[..., None, :]).flatten(2)
    second = (members.mT @ outer).view(*members.shape[::2], 3, 3)
    spread = second - masses[..., None, None] * means[..., :, None] * means[..., None, :]
    values, axes = torch.linalg.eigh(spread.double())
    widest = values[..., -1].argmax(1)
    rows = torch.arange(len(colors), device=colors.device)
    mean, axis = means[rows, widest], axes[rows, widest, :, -1].to(colors)
    beyond = ((colors - mean[:, None]) @ axis[..., None]).squeeze(2) > 0
    wide = values[rows, widest, -1].to(colors) > LEAST_SPREAD * masses[rows, widest]
    moved = (owner == widest[:, None]) & beyond & wide[:, None]
    return torch.where(moved, made, owner)
