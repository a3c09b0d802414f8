"""Smoothness: neighbouring pixels of the result do not differ without need."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn.functional import huber_loss

from bottega.losses.statistics import check_mask


def total_variation(
    pictures: Tensor,
    mask: Tensor | None = None,
    delta: float = 0.1,
    axes: Sequence[int] = (-1, -2),
) -> Tensor:
    """Mean Huber penalty on the differences of neighbours, across and down.

    Total variation (Rudin, Osher and Fatemi 1992) with Huber's function in place of the absolute value:
    differences below ``delta`` cost d²/2, so that grain is smoothed with a steady gradient; larger ones cost
    δ(|d| - δ/2), so that the edge of a stroke is not worn down as squares would. ``delta=1`` is the plain
    squared variation. The mean over pixels makes it independent of the picture's size.

    Args:
        pictures: ``(N, 3, H, W)`` in [0, 1]; a side of one pixel has no neighbours and adds nothing.
        mask: ``(N or 1, 1, H, W)`` in [0, 1]; a pair of pixels weighs as much as the lesser of the two.
        delta: where squares turn into absolute values, in units of the picture.
        axes: -1 looks across, -2 down; each contributes the mean over its own pairs.

    Raises:
        PictureError: the mask has another size than the pictures.
    """
    if mask is not None:
        mask = check_mask(mask, pictures).to(pictures.dtype).expand(len(pictures), -1, -1, -1)
    return sum(
        (_along(axis, pictures, mask, delta) for axis in axes),
        start=pictures.new_zeros(()),
    )


def _along(axis: int, pictures: Tensor, mask: Tensor | None, delta: float) -> Tensor:
    length = pictures.shape[axis] - 1
    if length == 0:
        return pictures.new_zeros(())
    here, there = pictures.narrow(axis, 0, length), pictures.narrow(axis, 1, length)
    if mask is None:
        return huber_loss(here, there, delta=delta)
    weights = mask.narrow(axis, 0, length).minimum(mask.narrow(axis, 1, length))
    penalty = huber_loss(here, there, delta=delta, reduction="none").mean(1, keepdim=True)
    return (penalty * weights).sum() / weights.sum().clamp_min(1e-6)
