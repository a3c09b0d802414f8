"""Reading pictures: from files, and from images that Pillow has opened."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from bottega.errors import PictureError
from bottega.pictures import embedded_recipe
from bottega.pictures.color_profiles import to_srgb, to_srgb_deep
from bottega.pictures.high_bit_depth import decode_deep
from bottega.pictures.layers import float_grey, split_alpha
from bottega.pictures.open_image import Source, check_size, open_image, open_stream, translated
from bottega.pictures.picture import Picture

_ORIENTATION = 0x0112
_GAMMA = 1 / 2.2  # what a PNG says that stands for sRGB
_BT709, _UNSPECIFIED, _HDR_CURVES = 1, 2, (16, 18)  # codes of ITU-T H.273; the curves are PQ and HLG
_UPRIGHT: dict[int, tuple[int, bool]] = {  # quarter turns to the left, then mirrored left to right
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
        max_pixels: the largest width × height that is decoded; ``BOTTEGA_MAX_PIXELS`` where not given.

    Raises:
        PictureError: the file cannot be opened, is not an allowed picture, is damaged or too large.
        ResourceError: there is not enough memory.
    """
    with open_stream(source) as (stream, name):
        image = open_image(stream, name, max_pixels)
        with translated(name, image.format or ""):
            return _read(image, name, stream)


def from_pil(image: Image.Image, *, max_pixels: int | None = None) -> Picture:
    """Read an image that Pillow holds or has opened; the same colour, orientation and alpha as :func:`load`.

    Pillow itself holds colour at 8 bits per channel: to keep 16 bits, give the path to :func:`load`.
    """
    name = str(getattr(image, "filename", "") or "image")
    check_size(image.size, max_pixels, name)
    with translated(name):
        # A copy, so that the visitor's image keeps its state; one that is still on disk has none yet.
        return _read(image.copy() if not getattr(image, "tile", None) else image, name, None)


def _read(image: Image.Image, name: str, stream: BinaryIO | None) -> Picture:
    notes: list[str] = []
    if getattr(image, "is_animated", False):
        which = "main one" if image.format == "HEIF" else "first"
        notes.append(f"The file holds several pictures; only the {which} was read.")
    colors, alpha, bits = _decode(image, name, stream, notes)
    notes += _unheeded(image.info)
    turn = _orientation(image, notes)
    return Picture(
        data=_pixels(_upright(colors, turn)),
        alpha=None if alpha is None else _to_tensor(_upright(alpha[:, :, None], turn), channels=1),
        bits=bits,
        recipe=embedded_recipe.find(image.info, notes),
        name=name,
        notes=tuple(notes),
    )


def _decode(
    image: Image.Image, name: str, stream: BinaryIO | None, notes: list[str]
) -> tuple[NDArray[Any], NDArray[Any] | None, int]:
    """(colours ``(H, W, 1 | 3)`` in sRGB, alpha ``(H, W)`` or None, bits of the source)."""
    deep = decode_deep(image, stream, notes)
    if deep is not None:
        colors = to_srgb_deep(deep.colors, image.info.get("icc_profile"), notes)
        return colors, deep.alpha, 8 if colors.dtype == np.uint8 else 16
    if image.mode in ("I", "F"):
        return float_grey(image, name), None, 16
    flat, alpha = split_alpha(image)
    return np.asarray(to_srgb(flat, image.info.get("icc_profile"), notes)), alpha, 8


def _unheeded(info: dict[Any, Any]) -> list[str]:
    """What the file says of its colours and depth that was not followed."""
    notes = []
    gamma = info.get("gamma", _GAMMA)
    if abs(gamma - _GAMMA) > 0.01 and not {"icc_profile", "srgb"} & info.keys():
        notes.append(f"The file asks for a gamma of {gamma:g}, which was not applied; it was taken as sRGB.")
    # Both are what pillow-heif tells of a HEIC file.
    if info.get("bit_depth", 8) > 8:
        notes.append(f"The file holds {info['bit_depth']} bits per channel; the picture was read with 8.")
    coded = info.get("nclx_profile") or {}
    wide = coded.get("color_primaries", _BT709) not in (_BT709, _UNSPECIFIED)
    if "icc_profile" not in info and (wide or coded.get("transfer_characteristics") in _HDR_CURVES):
        notes.append("The file marks its colours as wide or HDR without a profile; they were taken as sRGB.")
    return notes


def _orientation(image: Image.Image, notes: list[str]) -> int:
    """The EXIF orientation that is still to be applied (Pillow's TIFF reader applies it by itself)."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - damaged EXIF can raise nearly anything and is no reason to refuse
        notes.append("The EXIF data inside is damaged; the picture was taken as upright.")
        return 1


def _upright(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    turns, mirrored = _UPRIGHT.get(orientation, (0, False))
    turned = np.rot90(samples, turns)
    return turned[:, ::-1] if mirrored else turned


def _pixels(samples: NDArray[Any]) -> Tensor | NDArray[np.uint8]:
    """8-bit colours stay as they are until somebody wants floats, which take four times the memory."""
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
    """The recipe inside a picture file, None where there is none. Decodes only where it has to.

    Raises:
        PictureError: the file is not a readable picture.
    """
    with open_stream(source) as (stream, name):
        image = open_image(stream, name, None)
        with translated(name, image.format or ""):
            recipe = embedded_recipe.find(image.info, [])
            if recipe is None and image.format == "PNG":
                image.load()  # other programs move text behind the pixels
                recipe = embedded_recipe.find(image.info, [])
    return recipe


def check_same_size(what: str, size: tuple[int, int], expected: tuple[int, int]) -> None:
    """Refuse a mask or alpha whose (height, width) differs from the picture's.

    Raises:
        PictureError: the sizes differ.
    """
    if size != expected:
        raise PictureError(
            f"{what} has {size[1]} × {size[0]} pixels, the picture has {expected[1]} × {expected[0]}; "
            "they must be equal."
        )
