"""Sums over positions of features and of their outer products: the inner loop of every style transfer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bottega.errors import PictureError
from bottega.losses.statistics import check_mask, widened


def position_sums(features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Mass, sum and sum of outer products over positions.

    Sums are float32 whatever smaller type the features have. The outer products are symmetric, so their
    gradient is one matrix product and not two, and it is taken in the features' own type and memory order;
    written in plain operations, the statistics would cost nearly as much as the encoder.

    Args:
        features: ``(1, C, h, w)``; fastest where channels lie together in memory (channels last).
        mask: ``(1, 1, h, w)`` in [0, 1], the positions' weights; none weighs all by one.

    Returns:
        ``()``, ``(C,)`` and ``(C, C)``.

    Raises:
        PictureError: features of several pictures, or a mask of another size.
    """
    if features.ndim != 4 or len(features) != 1:
        raise PictureError(
            f"Style statistics are taken of one picture at a time, (1, C, h, w), not {tuple(features.shape)}."
        )
    weights = None if mask is None else check_mask(mask, features).reshape(-1, 1)
    first, second = _Sums.apply(features, weights)  # type: ignore[no-untyped-call]
    if weights is None:
        return first.new_tensor(float(features.shape[2] * features.shape[3])), first, second
    return weights.to(first).sum(), first, second


class _Sums(torch.autograd.Function):
    """d(Σ w x xᵀ) against G is Σ w (G + Gᵀ) x dx."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
        rows = features[0].permute(1, 2, 0).flatten(0, 1)
        ctx.save_for_backward(rows, weights)
        ctx.size = features.shape[2:]
        wide = widened(rows)
        weighted = wide if weights is None else wide * weights.to(wide)
        return weighted.sum(0), weighted.T @ wide

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, first: Tensor, second: Tensor) -> tuple[Tensor, None]:
        rows, weights = ctx.saved_tensors
        gradient = torch.addmm(first.to(rows), rows, (second + second.T).to(rows))
        if weights is not None:
            gradient = gradient * weights.to(gradient)
        return gradient.view(*ctx.size, -1).permute(2, 0, 1)[None], None
