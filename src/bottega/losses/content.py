"""Content: the features of the result stay near the features of the content picture."""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.losses.statistics import SILENT, check_mask, widened


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
        mask: ``(N or 1, 1, h, w)`` in [0, 1]; positions of weight 0 count neither above nor below the line.
        power: what to divide by instead of ``content_power(target, mask)``. Tiles of one picture each
            divide by the whole picture's power; their losses then add up to the whole picture's.

    Returns:
        A scalar, float32 (float64 where the features are).

    Raises:
        PictureError: the mask has another size than the features.
    """
    squares = (widened(features) - widened(target)).square()
    if mask is not None:
        squares = squares * check_mask(mask, features)
    return squares.sum() / (content_power(target, mask) if power is None else power)


def content_power(target: Tensor, mask: Tensor | None = None) -> Tensor:
    """The denominator of :func:`content_loss`: the masked sum of squares of ``target``, additive over tiles.

    At least 1e-6 per value, so that a layer that is silent on the content does not divide by zero.
    """
    squares = widened(target).square()
    if mask is None:
        weight = squares.new_tensor(float(squares.numel()))
    else:
        weights = check_mask(mask, target).to(squares.dtype).expand_as(squares)
        squares, weight = squares * weights, weights.sum()
    return torch.maximum(squares.sum(), SILENT * weight)
