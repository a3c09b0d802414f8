"""The size at which pictures are read, and weighted means."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import PictureError

READ_SIDE = 192
"""Shorter side, in pixels, to which every picture is brought before it is read: sizes of detail are relative
to the picture, and a thumbnail reads as the smooth picture that it looks like on a wall."""

COARSE = 3
"""Composition and palette are read at 1 / COARSE of that."""

SMALL = 1e-8


def seen(pictures: Tensor, side: int = READ_SIDE) -> Tensor:
    """``(N, C, H, W)`` with a shorter side of ``side``; reduced ones are antialiased. Differentiable."""
    height, width = pictures.shape[-2:]
    scale = side / min(height, width)
    size = (max(side, round(height * scale)), max(side, round(width * scale)))
    if size == (height, width):
        return pictures
    return F.interpolate(pictures, size, mode="bilinear", align_corners=False, antialias=scale < 1)


def enlarged(pictures: Tensor) -> Tensor:
    """``(N, 3, H, W)`` in [0, 1], smaller ones with a shorter side of :data:`READ_SIDE`: on fewer pixels
    there is no room for the strokes and the grain that may be asked of a draft."""
    height, width = pictures.shape[-2:]
    scale = READ_SIDE / min(height, width)
    if scale <= 1:
        return pictures
    size = (max(READ_SIDE, round(height * scale)), max(READ_SIDE, round(width * scale)))
    return F.interpolate(pictures, size, mode="bicubic", align_corners=False).clamp(0, 1)


def check(pictures: Tensor, mask: Tensor | None) -> None:
    """Refuse what cannot be read.

    Raises:
        PictureError: not ``(N, 3, H, W)``, or a mask that is not ``(N or 1, 1, H, W)`` or is black.
    """
    if pictures.ndim != 4 or pictures.shape[1] != 3 or 0 in pictures.shape:
        raise PictureError(f"Pictures must have the shape (N, 3, H, W), not {tuple(pictures.shape)}.")
    if mask is None:
        return
    if mask.ndim != 4 or mask.shape[1:] != (1, *pictures.shape[-2:]) or len(mask) not in (1, len(pictures)):
        raise PictureError(
            f"A mask must have the shape (1, 1, {pictures.shape[-2]}, {pictures.shape[-1]}), as the picture "
            f"has that size, not {tuple(mask.shape)}."
        )
    if not bool((mask.flatten(1).sum(1) > 0).all()):
        raise PictureError("The mask is black everywhere; white is where something is to happen.")


def mean(values: Tensor, weights: Tensor | None) -> Tensor:
    """Mean over the pixels of ``(N, C, H, W)``, weighted by ``(N or 1, 1, H, W)``: ``(N, C)``."""
    if weights is None:
        return values.mean((2, 3))
    return (values * weights).sum((2, 3)) / weights.sum((2, 3)).clamp_min(SMALL)


def root(values: Tensor) -> Tensor:
    """The square root with a finite slope at zero."""
    return (values.clamp_min(0) + SMALL).sqrt()


def places(like: Tensor) -> tuple[Tensor, Tensor]:
    """Centres of the pixels of ``(…, H, W)`` in [0, 1]: x ``(1, W)`` and y ``(H, 1)``."""
    height, width = like.shape[-2:]
    x = (torch.arange(width, device=like.device, dtype=like.dtype) + 0.5) / width
    y = (torch.arange(height, device=like.device, dtype=like.dtype) + 0.5) / height
    return x[None], y[:, None]
