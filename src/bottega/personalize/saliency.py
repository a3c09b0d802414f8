"""What stands out, in closed form."""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.layers import gaussian_blur
from bottega.personalize.seen import places, root

SCALES = ((1.0, 4.0), (2.0, 8.0))
"""Centre and surround: deviations in pixels of a picture with a shorter side of 64."""

CHROMA = 2.0
"""Differences of chroma count so much more than differences of lightness."""

BORDER = 0.1
"""Width of the border whose colours are taken for the background's, as a share of each side."""

MIDDLE = 0.5
"""Deviation of the bell, in sides of the picture, by which what is near the edges counts less."""

SHARPNESS = 3.0
"""The power that lets the strongest places outweigh a busy rest."""


def saliency(lab: Tensor) -> Tensor:
    """How much each place draws the eye: ``(N, 1, h, w)``, adding up to one per picture. Differentiable.

    Two maps, each divided by its mean, are added: how unlike the border's colours a place is (Mahalanobis
    distance; that the border is background is the prior of Wei et al. 2012), and Σ ‖G_c ∗ P − G_s ∗ P‖ over
    two scales, centre against surround (Itti, Koch and Niebur 1998, in OKLab, without maps of orientation).
    Times a bell around the middle; the map is S³ / Σ S³.

    Args:
        lab: ``(N, 3, h, w)`` in OKLab, shorter side 64.
    """
    weighed = lab * torch.tensor([1.0, CHROMA, CHROMA]).to(lab).view(1, 3, 1, 1)
    fine = gaussian_blur(weighed, 1.0)
    found = _of_mean_one(_unlike_border(weighed, fine))
    surround = torch.stack(
        [_length(gaussian_blur(weighed, near) - gaussian_blur(weighed, far)) for near, far in SCALES]
    )
    found = found + _of_mean_one(surround.sum(0))
    x, y = places(lab)
    bell = torch.exp(-((x - 0.5).square() + (y - 0.5).square()) / (2 * MIDDLE**2))
    sharp = (found * bell).pow(SHARPNESS)
    return sharp / sharp.sum((2, 3), keepdim=True)


def _unlike_border(weighed: Tensor, fine: Tensor) -> Tensor:
    """Mahalanobis distance to the colours along the four edges, ``(N, 1, h, w)``."""
    height, width = weighed.shape[-2:]
    rows, columns = (max(2, round(BORDER * side)) for side in (height, width))
    edges = torch.cat(
        [
            weighed[..., :rows, :].flatten(2),
            weighed[..., -rows:, :].flatten(2),
            weighed[..., :columns].flatten(2),
            weighed[..., -columns:].flatten(2),
        ],
        2,
    )
    middle = edges.mean(2, keepdim=True)
    spread = (edges - middle) @ (edges - middle).mT / edges.shape[2]
    inverse = torch.linalg.inv(spread + 1e-3 * torch.eye(3).to(spread))
    apart = fine.flatten(2) - middle
    distance = (inverse @ apart * apart).sum(1)
    return root(distance).view(-1, 1, height, width)


def _of_mean_one(values: Tensor) -> Tensor:
    return (values + 1e-3) / (values + 1e-3).mean((2, 3), keepdim=True)


def _length(lab: Tensor) -> Tensor:
    return root(lab.square().sum(1, keepdim=True))
