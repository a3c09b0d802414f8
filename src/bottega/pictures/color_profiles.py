"""From the colour of the file to sRGB."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from bottega.pictures import icc

_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
# Little CMS shortens a chain of tables to one coarse table, wrong by up to 24 steps of 255 for saturated Lab
# colours; the whole chain takes 0.2 s per megapixel.
_TABLE_FLAGS = _FLAGS | ImageCms.Flags.NOOPTIMIZE
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC


@cache
def srgb_profile() -> bytes:
    """The sRGB profile for files; its date is fixed, so that equal pictures make equal files."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes((7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))  # 2000-01-01 00:00:00
    return bytes(profile)


def to_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """An 8-bit image of mode L, RGB, CMYK or LAB to RGB in sRGB.

    A profile is followed by Little CMS: relative colorimetric, black point compensated. A profile that is
    sRGB already leaves the values untouched; a broken one is ignored, and a note says so.
    """
    if profile:
        known = icc.parse(profile)
        if known is not None and known.is_srgb and image.mode in ("L", "RGB"):
            return image.convert("RGB")
        try:
            return _follow(image, profile)
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            fallback = "converted plainly" if image.mode == "CMYK" else "taken as sRGB"
            notes.append(f"The colour profile inside is broken or does not fit; the colours were {fallback}.")
    elif image.mode == "CMYK":
        notes.append("There is no colour profile for these CMYK colours; they were converted plainly.")
    if image.mode == "LAB":
        return _transform(image, ImageCms.createProfile("LAB"))
    return image.convert("RGB")


def to_srgb_deep(
    colors: NDArray[np.uint16], profile: bytes | None, notes: list[str]
) -> NDArray[np.uint16] | NDArray[np.float32] | NDArray[np.uint8]:
    """``(H, W, 1 | 3)`` of 16 bits to sRGB: untouched integers, or floats in [0, 1] after a conversion.

    A profile with tables instead of a matrix is followed at 8 bits per channel, and a note says so.
    """
    if not profile:
        return colors
    known = icc.parse(profile)
    channels = colors.shape[2]
    if known is not None and known.is_srgb:
        return colors
    if known is not None and channels == 1 and known.matrix is not None:
        colors, channels = np.repeat(colors, 3, axis=2), 3
    if known is not None and len(known.curves) == channels:
        return known.to_srgb(colors.astype(np.float32) / np.float32(65535))
    high = (colors >> 8).astype(np.uint8)
    shallow = Image.fromarray(high[:, :, 0] if channels == 1 else high)
    before = len(notes)
    converted = to_srgb(shallow, profile, notes)
    if len(notes) > before:  # the profile is of no use: keep all 16 bits
        return colors
    notes.append("The colour profile inside holds tables; the 16-bit colours were converted at 8 bits.")
    return np.asarray(converted)


def _follow(image: Image.Image, profile: bytes) -> Image.Image:
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if image.mode == "L" and opened.profile.xcolor_space == "RGB ":
        image = image.convert("RGB")  # common: a grey file that carries the profile of an RGB space
    return _transform(image, opened.profile)


def _transform(image: Image.Image, profile: Any) -> Image.Image:
    flags = _TABLE_FLAGS if image.mode in ("LAB", "CMYK") else _FLAGS
    srgb = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, profile, srgb, _INTENT, "RGB", flags=flags)
    if converted is None:
        raise ValueError("no transform")
    return converted
