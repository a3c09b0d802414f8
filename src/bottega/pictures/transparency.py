"""Transparent pixels: the colors that files hold under them are arbitrary, and never influence a result.

Pictures whose transparency is kept (contents, styles) are read by :func:`fill_transparent`; those that are
compared or learned from as a whole by :func:`composite_on_white`, as in a JPEG.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import PictureError
from bottega.pictures.picture import Picture

_HIDDEN_ALPHA = 0.5 / 255
"""Below half a step of 8 bits a pixel is transparent."""


def fill_transparent(picture: Picture) -> Picture:
    """The picture with the colors of transparent pixels replaced by those of visible ones near them.

    Raises:
        PictureError: it is fully transparent.
    """
    if picture.alpha is None:
        return picture
    hidden = picture.alpha < _HIDDEN_ALPHA
    if not bool(hidden.any()):
        return picture
    if bool(hidden.all()):
        raise PictureError(f"The picture {picture.name} is fully transparent; nothing in it can be seen.")
    filled = _fill(picture.pixels, torch.where(hidden, 0.0, picture.alpha))
    if picture.samples is None:
        return replace(picture, data=filled)
    samples, change = picture.samples.copy(), hidden[0, 0].numpy()
    samples[change] = (filled[0].permute(1, 2, 0).numpy()[change] * 255 + 0.5).astype(samples.dtype)
    return replace(picture, data=samples)


def composite_on_white(picture: Picture) -> Tensor:
    """The pixels ``(1, 3, H, W)`` as they look on white paper."""
    if picture.alpha is None:
        return picture.pixels
    return picture.pixels * picture.alpha + (1 - picture.alpha)


def visible_mask(picture: Picture, mask: Tensor | None = None) -> Tensor | None:
    """``mask``, where given, times the alpha: ``(1, 1, H, W)``; None without both.

    Raises:
        PictureError: the mask has another size.
    """
    if mask is not None:
        check_mask_size(mask, picture)
    if picture.alpha is None or bool((picture.alpha == 1).all()):
        return mask
    return picture.alpha if mask is None else mask * picture.alpha


def check_mask_size(mask: Tensor, picture: Picture) -> Tensor:
    """The mask, if it is as large as its picture.

    Raises:
        PictureError: it has another size.
    """
    if mask.shape[-2:] != (picture.height, picture.width):
        raise PictureError(
            f"The mask is {mask.shape[-1]} × {mask.shape[-2]} pixels and the picture {picture.width} × "
            f"{picture.height}; they must have the same size."
        )
    return mask


def transparent_area(picture: Picture, margin: int = 0) -> Tensor | None:
    """1 where all pixels within ``margin`` are transparent, else 0: ``(1, 1, H, W)``; None if nothing is."""
    if picture.alpha is None:
        return None
    visible = (picture.alpha >= _HIDDEN_ALPHA).float()
    # Rows, then columns: the cost of a square grows with its area.
    visible = F.max_pool2d(visible, (2 * margin + 1, 1), 1, (margin, 0))
    hidden = 1 - F.max_pool2d(visible, (1, 2 * margin + 1), 1, (0, margin))
    return hidden if bool(hidden.any()) else None


def _fill(colors: Tensor, weights: Tensor) -> Tensor:
    """Colors ``(1, 3, H, W)`` where ``weights (1, 1, H, W)`` are above 0, elsewhere from coarser means."""
    if max(colors.shape[-2:]) == 1 or bool((weights > 0).all()):
        return colors
    # Windows of 4 overlap, so that cells beside visible ones take over their colors.
    sums, masses = (F.avg_pool2d(planes, 4, 2, 1, ceil_mode=True) for planes in (colors * weights, weights))
    coarse = _fill(sums / masses.clamp_min(torch.finfo(masses.dtype).tiny), masses)
    size = (colors.shape[-2], colors.shape[-1])
    enlarged = F.interpolate(coarse, size, mode="bilinear", align_corners=False)
    return torch.where(weights > 0, colors, enlarged).clamp(0, 1)
