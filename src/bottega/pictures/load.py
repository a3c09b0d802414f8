"""Reading pictures from files, and from images that Pillow has opened."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from bottega.environment import environment
from bottega.errors import PictureError
from bottega.pictures.color_profiles import to_srgb, to_srgb_16bit
from bottega.pictures.embedded_recipe import find_recipe
from bottega.pictures.high_bit_depth import decode_16bit, keyed_alpha
from bottega.pictures.open_image import Source, check_size, open_image, open_stream, picture_errors
from bottega.pictures.picture import Picture
from bottega.sample_images import photograph_path

_ORIENTATION_TAG = 0x0112  # of EXIF
_SRGB_GAMMA = 1 / 2.2  # what a PNG in sRGB states
_COLOR_MODES = ("L", "RGB", "CMYK", "LAB")
_BT709, _UNSPECIFIED, _HDR_CURVES = 1, 2, (16, 18)  # codes of ITU-T H.273; the curves are PQ and HLG
_ORIENTATIONS: dict[int, tuple[int, bool]] = {  # quarter turns to the left, then mirrored left to right
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (3, True),
    6: (3, False),
    7: (1, True),
    8: (1, False),
}


def load(source: Source, *, max_pixels: int | None = None) -> Picture:
    """Read a picture: upright, in sRGB, with its alpha and its recipe.

    Args:
        source: a path, the bytes of a file, or a file opened in binary mode.
        max_pixels: largest width × height; None means ``BOTTEGA_MAX_PIXELS``.

    Raises:
        PictureError: the file cannot be opened, is not a supported picture, is damaged or too large.
        ResourceError: there is not enough memory.
    """
    with open_stream(source) as (stream, name):
        image = open_image(stream, name, max_pixels)
        with picture_errors(name, image.format or ""):
            return _read(image, name, stream)


def photograph(name: str) -> Picture:
    """The sample photograph ``china`` or ``flower``, of 640 × 427 pixels.

    Raises:
        PictureError: the name is unknown, or scikit-learn is not installed.
    """
    return replace(load(photograph_path(name)), name=name)


def from_pil(image: Image.Image) -> Picture:
    """Read an image of Pillow, with the same color, orientation and alpha as :func:`load`.

    Pillow holds color at 8 bits per channel: to keep 16 bits, pass the path to :func:`load`.
    """
    name = str(getattr(image, "filename", "") or "image")
    check_size(image.size, environment().max_pixels, name)
    with picture_errors(name):
        # A copy, so that the caller's image keeps its state; one that is still on disk has none yet.
        return _read(image.copy() if not getattr(image, "tile", None) else image, name, None)


def _read(image: Image.Image, name: str, stream: BinaryIO | None) -> Picture:
    notes: list[str] = []
    if getattr(image, "is_animated", False):
        which = "main one" if image.format == "HEIF" else "first"
        notes.append(f"The file holds several pictures; only the {which} was read.")
    colors, alpha, bits = _decode(image, name, stream, notes)
    notes += _ignored_properties(image.info)
    orientation = _orientation(image, notes)
    return Picture(
        data=_pixels(_upright(colors, orientation)),
        alpha=None if alpha is None else _to_tensor(_upright(alpha[:, :, None], orientation), channels=1),
        bits=bits,
        recipe=find_recipe(image.info, notes),
        name=name,
        notes=tuple(notes),
    )


def _decode(
    image: Image.Image, name: str, stream: BinaryIO | None, notes: list[str]
) -> tuple[NDArray[Any], NDArray[Any] | None, int]:
    """(colors ``(H, W, 1 | 3)`` in sRGB, alpha ``(H, W)`` or None, bits of the source)."""
    deep = decode_16bit(image, stream, notes)
    if deep is not None:
        colors = to_srgb_16bit(deep.colors, image.info.get("icc_profile"), notes)
        return colors, deep.alpha, 8 if colors.dtype == np.uint8 else 16
    if image.mode in ("I", "F"):
        return _float_gray(image, name), None, 16
    flat, alpha = _split_alpha(image)
    return np.asarray(to_srgb(flat, image.info.get("icc_profile"), notes)), alpha, 8


def _split_alpha(image: Image.Image) -> tuple[Image.Image, NDArray[np.uint8] | None]:
    """An image of any 8-bit mode to (color as L, RGB, CMYK or LAB; alpha ``(H, W)`` or None)."""
    scale = _gray_scale(image)
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
        keyed = keyed_alpha(np.asarray(image), np.array(key) * scale, np.uint8)
    return (image if image.mode in _COLOR_MODES else image.convert("RGB")), keyed


def _gray_scale(image: Image.Image) -> int:
    """Scale of the samples of a gray PNG of 2 or 4 bits, whose transparent value is not scaled."""
    tiles = getattr(image, "tile", None)
    rawmode = tiles[0].args if tiles else None
    return {"L;2": 85, "L;4": 17}.get(rawmode, 1) if isinstance(rawmode, str) else 1


def _float_gray(image: Image.Image, name: str) -> NDArray[np.float32]:
    """``(H, W, 1)`` from a floating-point image.

    Raises:
        PictureError: values outside [0, 1], or integers of 32 bits, which have no defined white.
    """
    if image.mode == "I":
        raise PictureError(
            f"{name} holds signed or 32-bit integers, which have no defined white; "
            "save it with 8 or 16 bits per channel."
        )
    values = np.array(image, np.float32)[:, :, None]
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):
        raise PictureError(
            f"{name} holds floating-point values from {low:g} to {high:g}; they must lie between 0 and 1."
        )
    return values


def _ignored_properties(info: dict[Any, Any]) -> list[str]:
    """Notes on color properties of the file that are ignored."""
    notes = []
    gamma = info.get("gamma", _SRGB_GAMMA)
    if abs(gamma - _SRGB_GAMMA) > 0.01 and not {"icc_profile", "srgb"} & info.keys():
        notes.append(f"The file has a gamma of {gamma:g}, which was not applied; it was read as sRGB.")
    # Both come from pillow-heif, for HEIC files.
    if info.get("bit_depth", 8) > 8:
        notes.append(f"The file holds {info['bit_depth']} bits per channel; the picture was read with 8.")
    nclx = info.get("nclx_profile") or {}
    wide = nclx.get("color_primaries", _BT709) not in (_BT709, _UNSPECIFIED)
    if "icc_profile" not in info and (wide or nclx.get("transfer_characteristics") in _HDR_CURVES):
        notes.append("The file has wide-gamut or HDR colors without a profile; they were read as sRGB.")
    return notes


def _orientation(image: Image.Image, notes: list[str]) -> int:
    """The EXIF orientation that is still to be applied (Pillow's TIFF reader applies it by itself)."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - damaged EXIF can raise nearly anything, and the pixels can still be read
        notes.append("The EXIF data in the file is damaged; the picture was read as upright.")
        return 1


def _upright(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    quarter_turns, mirrored = _ORIENTATIONS.get(orientation, (0, False))
    rotated = np.rot90(samples, quarter_turns)
    return rotated[:, ::-1] if mirrored else rotated


def _pixels(samples: NDArray[Any]) -> Tensor | NDArray[np.uint8]:
    """8-bit colors stay as they are; floats, which need four times the memory, are made when needed."""
    if samples.dtype == np.uint8 and samples.shape[2] == 3:
        return np.require(samples, requirements=["C", "W"])
    return _to_tensor(samples)


def _to_tensor(samples: NDArray[Any], channels: int = 3) -> Tensor:
    """``(H, W, C)`` of 8 or 16 bits or floats to ``(1, channels, H, W)`` float32 in [0, 1]."""
    planes = np.ascontiguousarray(samples.transpose(2, 0, 1)[None], dtype=np.float32)
    if samples.dtype != np.float32:
        planes /= np.float32(np.iinfo(samples.dtype).max)
    tensor = torch.from_numpy(planes)
    return tensor if tensor.shape[1] == channels else tensor.expand(-1, channels, -1, -1).contiguous()


def read_recipe(source: Source) -> dict[str, Any] | None:
    """The recipe inside a picture file, or None; decodes the pixels only where necessary.

    Raises:
        PictureError: the file is not a readable picture.
    """
    with open_stream(source) as (stream, name):
        image = open_image(stream, name, None)
        with picture_errors(name, image.format or ""):
            recipe = find_recipe(image.info, [])
            if recipe is None and image.format == "PNG":
                image.load()  # other programs write text after the pixels
                recipe = find_recipe(image.info, [])
    return recipe
