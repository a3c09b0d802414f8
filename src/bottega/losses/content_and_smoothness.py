"""Content loss (distance to the content picture's features) and total variation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import huber_loss

from bottega.layers.moments import check_mask, upcast
from bottega.losses.style_term import MIN_POWER

HUBER_DELTA = 0.1


def content_loss(
    features: Tensor, target: Tensor, mask: Tensor | None = None, power: Tensor | None = None
) -> Tensor:
    """Mean squared difference, divided by the mean square of the target.

    Gatys et al. (2016), equation 1, except for the division: it makes the number independent of the
    encoder's units, of the layer's size and of the picture's size, so that one content weight serves all
    (0 is equal; 1 is as far as a layer of zeros).

    Args:
        features: ``(N, C, h, w)`` of the result, any float type.
        target: ``(N, C, h, w)`` of the content picture.
        mask: ``(N or 1, 1, h, w)`` in [0, 1]; positions of weight 0 are ignored.
        power: what to divide by instead of ``content_power(target, mask)``. Tiles divide by the whole
            picture's power, so that their losses add up to the whole picture's.

    Returns:
        A scalar, float32 (float64 where the features are).

    Raises:
        PictureError: the mask has another size than the features.
    """
    squares = (upcast(features) - upcast(target)).square()
    if mask is not None:
        squares = squares * check_mask(mask, features)
    return squares.sum() / (content_power(target, mask) if power is None else power)


def content_power(target: Tensor, mask: Tensor | None = None) -> Tensor:
    """The denominator of :func:`content_loss`: the masked sum of squares of ``target``, additive over tiles.

    At least 1e-6 per value, so that a layer that is silent on the content does not divide by zero.
    """
    squares = upcast(target).square()
    if mask is None:
        weight = squares.new_tensor(float(squares.numel()))
    else:
        weights = check_mask(mask, target).to(squares.dtype).expand_as(squares)
        squares, weight = squares * weights, weights.sum()
    return torch.maximum(squares.sum(), MIN_POWER * weight)


def total_variation(pictures: Tensor, axes: Sequence[int] = (-1, -2)) -> Tensor:
    """Mean Huber penalty on the differences of neighboring pixels, across and down.

    Total variation (Rudin, Osher and Fatemi 1992) with Huber's function instead of the absolute value:
    differences d below δ = 0.1 cost d²/2, so that grain is smoothed; larger ones cost δ(|d| - δ/2), so that
    edges of strokes are not blurred as squares would. The mean makes it independent of the picture's size.

    Args:
        pictures: ``(N, 3, H, W)`` in [0, 1]; a side of one pixel adds nothing.
        axes: -1 is across, -2 down; each contributes the mean over its own pairs.
    """
    total = pictures.new_zeros(())
    for axis in axes:
        pairs = pictures.shape[axis] - 1
        if pairs:
            first, second = pictures.narrow(axis, 0, pairs), pictures.narrow(axis, 1, pairs)
            total = total + huber_loss(first, second, delta=HUBER_DELTA)
    return total
