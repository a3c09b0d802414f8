"""Conversion of files, arrays, tensors and PIL images to :class:`Picture`."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from bottega.errors import PictureError
from bottega.pictures.load import from_pil, load
from bottega.pictures.picture import Picture

_TOLERANCE = 1e-4  # outside [0, 1], from resampling and float32; clamped
_MAX_MASK_SPREAD, _MAX_COLORED_SHARE = 0.15, 0.005
"""Channels of a gray mask differ by less, but for a few pixels; JPEG and scanners tint a little."""
_LUMA_WEIGHTS = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709


def as_picture(source: Any) -> Picture:
    """Convert to a :class:`Picture`:

    - a path, the bytes of a file or a binary file: read by :func:`~bottega.pictures.load`
    - a PIL image of any mode
    - a numpy array, channels last: ``(H, W)`` or ``(H, W, C)`` with C of 1, 2, 3 or 4 (gray, gray
      with alpha, RGB, RGBA) of bool, uint8, uint16, or floats in [0, 1]
    - a torch tensor, channels first: ``(H, W)``, ``(C, H, W)`` or ``(1, C, H, W)`` with C of 1, 3 or 4,
      of bool, uint8, or floats in [0, 1]
    - a Picture, returned unchanged

    Arrays and tensors are copied, and read as sRGB.

    Raises:
        PictureError: unreadable, an ambiguous shape, or values out of range.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, Image.Image):
        return from_pil(source)
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, Tensor):
        return _from_tensor(source)
    if isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)) or hasattr(source, "read"):
        return load(source)
    raise PictureError(
        f"An object of type {type(source).__name__} is not a picture; "
        "a path, bytes, a PIL image, an array or a tensor is expected."
    )


def load_mask(source: Any) -> Tensor:
    """A mask ``(1, 1, H, W)`` in [0, 1] from whatever :func:`as_picture` takes; white selects.

    The mask is the alpha channel where that is not opaque everywhere, else the gray values; 0 and 1 of 8 or
    16 bits, as other programs write them, count as black and white.

    Raises:
        PictureError: as for :func:`as_picture`, or the mask is colored.
    """
    picture = as_picture(source)
    if picture.alpha is not None and bool((picture.alpha < 1).any()):
        return picture.alpha.clone()
    red, green, blue = picture.pixels.chunk(3, dim=1)
    if torch.equal(red, green) and torch.equal(red, blue):
        mask = red.clone()
    else:
        spread = picture.pixels.amax(1) - picture.pixels.amin(1)
        if float((spread > _MAX_MASK_SPREAD).float().mean()) > _MAX_COLORED_SHARE:
            raise PictureError(
                f"The mask {picture.name} is colored; a mask is gray: white selects, black does not."
            )
        mask = (_LUMA_WEIGHTS[0] * red + _LUMA_WEIGHTS[1] * green + _LUMA_WEIGHTS[2] * blue).clamp(0, 1)
    steps = (255,) if picture.bits == 8 else (255, 65535)
    if any(abs(float(mask.max()) * step - 1) < _TOLERANCE for step in steps):
        mask = (mask > 0).float()
    return mask


def _from_array(array: NDArray[Any]) -> Picture:
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 2, 3, 4) or 0 in array.shape:
        hint = ""
        if array.ndim == 3 and array.shape[0] in (1, 3, 4):
            hint = " (for channels first, pass array.transpose(1, 2, 0))"
        raise PictureError(
            f"An array of shape {array.shape} is not a picture; (H, W) or (H, W, 1 to 4) is expected{hint}."
        )
    if array.dtype == np.uint8 and array.shape[2] == 3:
        return Picture(array.copy(), name="array")
    if array.dtype.kind == "u" and array.dtype.itemsize <= 2:  # in either byte order
        values = array.astype(np.float32) / np.float32(np.iinfo(array.dtype).max)
    elif array.dtype == np.bool_ or array.dtype.kind == "f":
        values = array.astype(np.float32)
    else:
        raise PictureError(
            f"An array of {array.dtype} is not a picture; uint8, uint16 or floats in [0, 1] are expected."
        )
    planes = torch.from_numpy(values.transpose(2, 0, 1)[None].copy())
    return _from_planes(planes, 8 if array.dtype in (np.uint8, np.bool_) else 16, "array")


def _from_tensor(tensor: Tensor) -> Picture:
    shape = tuple(tensor.shape)
    if tensor.layout != torch.strided or tensor.is_meta:
        raise PictureError("A sparse tensor, or one on the device meta, is not a picture.")
    planes = tensor.detach()
    if planes.ndim == 2:
        planes = planes[None]
    if planes.ndim == 3:
        if tensor.ndim == 3 and planes.shape[2] == 3 and planes.shape[0] in (1, 4):
            raise PictureError(
                f"A tensor of shape {shape} may have channels first or last; pass (1, C, H, W)."
            )
        planes = planes[None]
    if planes.ndim != 4 or planes.shape[0] != 1 or planes.shape[1] not in (1, 3, 4) or 0 in shape:
        hint = " (for channels last, pass tensor.permute(2, 0, 1))" if shape[-1:] in ((3,), (4,)) else ""
        if len(shape) == 4 and shape[0] > 1:
            hint = f" (this holds {shape[0]} pictures; pass one at a time)"
        raise PictureError(
            f"A tensor of shape {shape} is not a picture; (1, 3, H, W) or (3, H, W) is expected{hint}."
        )
    if not (planes.is_floating_point() or planes.dtype in (torch.uint8, torch.bool)):
        raise PictureError(
            f"A tensor of {tensor.dtype} is not a picture; uint8 or floats in [0, 1] are expected."
        )
    values = planes.to("cpu", torch.float32, copy=True)
    if planes.dtype == torch.uint8:
        values /= 255
    return _from_planes(values, 16 if planes.is_floating_point() else 8, "tensor")


def _from_planes(values: Tensor, bits: int, name: str) -> Picture:
    """``(1, 1 to 4, H, W)`` floats: gray, gray and alpha, RGB, or RGB and alpha."""
    low, high = float(values.min()), float(values.max())
    if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):  # rejects NaN too
        raise PictureError(
            f"The {name} holds values from {low:g} to {high:g}; floats must lie between 0 and 1 "
            "(divide by 255 where they go to 255)."
        )
    values = values.clamp_(0, 1)
    channels = values.shape[1]
    alpha = values[:, -1:].clone() if channels in (2, 4) else None
    pixels = values[:, :3] if channels > 2 else values[:, :1].expand(-1, 3, -1, -1)
    return Picture(pixels.contiguous(), alpha, bits, name=name)
