"""Masks at the resolution of a network's layers."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import avg_pool2d


def reduce_mask(mask: Tensor, stride: int) -> Tensor:
    """``(N, 1, H, W)`` to ``(N, 1, ceil(H / stride), ceil(W / stride))``: means over each position's pixels.

    As the pooling of encoders does, an incomplete last row or column is averaged over what there is of it.
    """
    return avg_pool2d(mask, stride, ceil_mode=True) if stride > 1 else mask
