"""Resizing pictures without aliasing."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from bottega.errors import PictureError
from bottega.pictures.picture import Picture

PictureOrTensor = TypeVar("PictureOrTensor", Picture, Tensor)


def resize(picture: PictureOrTensor, size: tuple[int, int]) -> PictureOrTensor:
    """Resize to ``size`` = (height, width), whatever the aspect.

    Antialiased bicubic, clamped to [0, 1]. Takes a tensor ``(N, C, H, W)`` or a Picture, whose
    colors are weighted by its alpha, so that no hidden color bleeds into an edge.

    Raises:
        PictureError: a side is less than 1 pixel.
    """
    height, width = size
    if height < 1 or width < 1:
        raise PictureError(f"A picture cannot have {width} × {height} pixels; both must be at least 1.")
    if isinstance(picture, Tensor):
        return _resample(picture, size).clamp_(0, 1)
    if picture.alpha is None:
        return replace(picture, data=_resample(picture.pixels, size).clamp(0, 1))
    alpha = _resample(picture.alpha, size)
    # Where everything is transparent, the hidden colors are resized without weights.
    weighted = _resample(picture.pixels * picture.alpha, size) / alpha.clamp(min=1e-3)
    pixels = torch.where(alpha > 1e-3, weighted, _resample(picture.pixels, size)).clamp(0, 1)
    return replace(picture, data=pixels, alpha=alpha.clamp(0, 1))


def fit(picture: PictureOrTensor, long_side: int, *, enlarge: bool = True) -> PictureOrTensor:
    """Resize so that the longer side has ``long_side`` pixels, with the same aspect.

    With ``enlarge=False`` a smaller picture is returned unchanged.

    Raises:
        PictureError: ``long_side`` is not positive.
    """
    height, width = picture.shape[-2:] if isinstance(picture, Tensor) else (picture.height, picture.width)
    factor = long_side / max(height, width)
    if factor == 1 or (factor > 1 and not enlarge):
        return picture
    if long_side < 1:
        raise PictureError(f"The longer side cannot have {long_side} pixels; it must be at least 1.")
    return resize(picture, (max(1, round(height * factor)), max(1, round(width * factor))))


def _resample(tensor: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(tensor.shape[-2:]) == tuple(size):
        return tensor.clone()
    return functional.interpolate(tensor, size=size, mode="bicubic", antialias=True, align_corners=False)
