"""Adjusting pixels: composition, then colour, then texture; differentiable throughout."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from bottega.layers import oklab_to_rgb
from bottega.personalize.adjustment import Adjustment
from bottega.personalize.detail import textured
from bottega.personalize.tone import by_grid, toned
from bottega.personalize.warp import displacement, warped


@dataclass(frozen=True)
class Rendered:
    """A picture that was adjusted.

    Attributes:
        picture: ``(N, 3, H, W)``, sRGB in [0, 1].
        drawing: what came in, moved by the same warp, in OKLab: what the result should still show.
        moved: ``(N, 2, H, W)``, the displacement.
        excess: how far colours lay outside sRGB before they were cut off, ``(N,)``.
    """

    picture: Tensor
    drawing: Tensor
    moved: Tensor
    excess: Tensor


def render(lab: Tensor, adjustment: Adjustment, mask: Tensor | None = None) -> Rendered:
    """Adjust pictures in OKLab ``(N, 3, H, W)``, of any size.

    Args:
        mask: ``(N or 1, 1, H, W)`` in [0, 1]: outside nothing is changed.
    """
    moved = displacement(adjustment.warp, *lab.shape[-2:])
    if mask is not None:
        moved = moved * mask
    drawing = warped(lab, moved)
    painted = textured(by_grid(toned(drawing, adjustment.tone), adjustment.grid), adjustment)
    if mask is not None:
        painted = drawing + mask * (painted - drawing)
    rgb = oklab_to_rgb(painted)
    inside = rgb.clamp(0, 1)
    excess = F.l1_loss(rgb, inside, reduction="none").mean((1, 2, 3))
    return Rendered(inside, drawing, moved, excess)
