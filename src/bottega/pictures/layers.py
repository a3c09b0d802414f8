"""The many 8-bit modes of files, sorted into colour and alpha."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bottega.errors import PictureError

_COLOR_MODES = ("L", "RGB", "CMYK", "LAB")


def split_alpha(image: Image.Image) -> tuple[Image.Image, NDArray[np.uint8] | None]:
    """An image of any 8-bit mode to (colour as L, RGB, CMYK or LAB; alpha ``(H, W)`` or None)."""
    scale = _grey_scale(image)
    image.load()
    key = image.info.get("transparency")
    if image.mode == "P":
        has_alpha = key is not None or (image.palette is not None and image.palette.mode == "RGBA")
        image = image.convert("RGBA" if has_alpha else "RGB")
    elif image.mode in ("PA", "RGBa", "La"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    elif image.mode == "1":
        image = image.convert("L")
    if image.mode in ("LA", "RGBA"):
        alpha = np.array(image.getchannel("A"))
        return image.convert(image.mode[:-1]), alpha
    keyed = None
    if key is not None and image.mode in ("L", "RGB") and not isinstance(key, bytes):
        keyed = _keyed(image, key, scale)
    return (image if image.mode in _COLOR_MODES else image.convert("RGB")), keyed


def _grey_scale(image: Image.Image) -> int:
    """Factor from the samples of a grey PNG of 2 or 4 bits, in which its transparent value is counted."""
    tiles = getattr(image, "tile", None)
    rawmode = tiles[0].args if tiles else None
    return {"L;2": 85, "L;4": 17}.get(rawmode, 1) if isinstance(rawmode, str) else 1


def _keyed(image: Image.Image, key: Any, scale: int) -> NDArray[np.uint8]:
    """Alpha from the one value or colour that a file declares transparent."""
    samples = np.asarray(image)
    same = samples == np.array(key) * scale
    return np.where(same if same.ndim == 2 else same.all(axis=2), 0, 255).astype(np.uint8)


def float_grey(image: Image.Image, name: str) -> NDArray[np.float32]:
    """``(H, W, 1)`` from a floating-point image.

    Raises:
        PictureError: values outside [0, 1], or integers of 32 bits, which have no agreed white.
    """
    if image.mode == "I":
        raise PictureError(
            f"{name} holds signed or 32-bit integers, which have no agreed white; "
            "save it with 8 or 16 bits per channel."
        )
    values = np.array(image, np.float32)[:, :, None]
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):
        raise PictureError(
            f"{name} holds floating-point values from {low:g} to {high:g}; they must lie between 0 and 1."
        )
    return values
