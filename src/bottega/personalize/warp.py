"""Composition: a smooth warp, with in-filling where it shows what lies beyond the picture's edges."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.personalize.seen import places

FURTHEST = 0.35
"""No place comes from further away than this share of the sides."""

SOFT = 0.08
"""So far beyond the edge, in sides, the mirrored picture has become wholly soft."""

SOFT_SIDE = 24
"""Shorter side of the soft picture."""


def displacement(warp: Tensor, height: int, width: int) -> Tensor:
    """Where each pixel comes from, less where it is: ``(N, 2, H, W)`` in sides of the picture."""
    field = F.interpolate(warp, (height, width), mode="bicubic", align_corners=True)
    return FURTHEST * torch.tanh(field / FURTHEST)


def warped(picture: Tensor, moved: Tensor) -> Tensor:
    """The picture ``(N, C, H, W)`` with every pixel from where ``moved (N, 2, H, W)`` says.

    Beyond the edges the picture is mirrored and grows soft with the distance: the eye finds no second subject
    there, and no streaks.
    """
    x, y = places(picture)
    source = torch.stack([x + moved[:, 0], y + moved[:, 1]], -1)
    sharp = F.grid_sample(
        picture, 2 * source - 1, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    beyond = (source - source.clamp(0, 1)).abs().amax(-1, keepdim=True).permute(0, 3, 1, 2)
    if not bool((beyond > 0).any()):
        return sharp
    shrink = SOFT_SIDE / min(picture.shape[-2:])
    size = [max(1, round(side * shrink)) for side in picture.shape[-2:]]
    soft = F.interpolate(picture, size, mode="area")
    soft = F.grid_sample(
        soft, 2 * source - 1, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    return torch.lerp(sharp, soft, (beyond / SOFT).clamp(0, 1))
