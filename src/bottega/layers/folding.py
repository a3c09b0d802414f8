"""Pictures of any size at the sizes that networks work in: padded, and folded into channels."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def pad_to_multiple(pictures: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until both sides are multiples of ``multiple``.

    Only below and to the right, so that a tile whose corner lies on such a multiple is padded like the whole.
    """
    down, right = -pictures.shape[-2] % multiple, -pictures.shape[-1] % multiple
    if down == 0 and right == 0:
        return pictures
    return F.pad(pictures, (0, right, 0, down), mode="replicate")


def fold(pictures: Tensor, factor: int) -> Tensor:
    """``(N, C, H, W)`` to ``(N, C · factor², H / factor, W / factor)``: blocks of pixels become channels.

    In place of the first layers' large kernels: nothing is lost, and everything after it is factor² cheaper.
    """
    return F.pixel_unshuffle(pictures, factor)


def unfold_pixels(features: Tensor, factor: int) -> Tensor:
    """The inverse of :func:`fold` (Shi et al. 2016, sub-pixel convolution)."""
    return F.pixel_shuffle(features, factor)
