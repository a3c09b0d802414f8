"""Conversion from a file's colors to sRGB, by its ICC profile.

8-bit pictures go through Little CMS, which Pillow offers for 8 bits per channel only. 16-bit photographs
nearly always have a "matrix/TRC" profile (Adobe RGB, Display P3, ProPhoto): three curves and a matrix, which
are applied here in floating point.
Source: ICC.1:2022, sections 8.3 (profiles), 10.6 ``curv``, 10.18 ``para``, annex F.3 (model).
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
# By default Little CMS reduces a chain of tables to one coarse table, wrong by up to 24 steps of 255 for
# saturated Lab colors; the full chain takes 0.2 s per megapixel.
_TABLE_FLAGS = _FLAGS | ImageCms.Flags.NOOPTIMIZE
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC

# sRGB to XYZ adapted to D50 by Bradford, the connection space of profiles. IEC 61966-2-1, rounded as in the
# published sRGB profile.
_SRGB_TO_XYZ = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]], np.float64
)
_BLOCK_ROWS = 256


@cache
def srgb_profile() -> bytes:
    """The sRGB profile for files; its date is fixed, so that equal pictures give equal files."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes((7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))  # 2000-01-01 00:00:00
    return bytes(profile)


def to_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """Convert an 8-bit image of mode L, RGB, CMYK or LAB to RGB in sRGB.

    Profiles are applied by Little CMS: relative colorimetric, with black point compensation. An sRGB profile
    leaves the values untouched; a broken one is ignored, with a note.
    """
    if profile:
        matrix_profile = parse_profile(profile)
        if matrix_profile is not None and matrix_profile.is_srgb and image.mode in ("L", "RGB"):
            return image.convert("RGB")
        try:
            return _apply_profile(image, profile)
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            fallback = "converted without it" if image.mode == "CMYK" else "read as sRGB"
            notes.append(f"The file's color profile is broken or does not fit; the colors were {fallback}.")
    elif image.mode == "CMYK":
        notes.append("The file has CMYK colors without a color profile; they were converted without one.")
    if image.mode == "LAB":
        return _transform(image, ImageCms.createProfile("LAB"))
    return image.convert("RGB")


def to_srgb_16bit(
    colors: NDArray[np.uint16], profile: bytes | None, notes: list[str]
) -> NDArray[np.uint16] | NDArray[np.float32] | NDArray[np.uint8]:
    """Convert 16-bit ``(H, W, 1 | 3)`` to sRGB: untouched integers, or floats in [0, 1] where converted.

    A profile with tables instead of a matrix is applied at 8 bits per channel, with a note.
    """
    if not profile:
        return colors
    matrix_profile = parse_profile(profile)
    channels = colors.shape[2]
    if matrix_profile is not None:
        if matrix_profile.is_srgb:
            return colors
        if channels == 1 and matrix_profile.matrix is not None:
            colors, channels = np.repeat(colors, 3, axis=2), 3
        if len(matrix_profile.curves) == channels:
            return matrix_profile.to_srgb(colors.astype(np.float32) / np.float32(65535))
    high_bytes = (colors >> 8).astype(np.uint8)
    image = Image.fromarray(high_bytes[:, :, 0] if channels == 1 else high_bytes)
    note_count = len(notes)
    converted = to_srgb(image, profile, notes)
    if len(notes) > note_count:  # the profile is unusable: keep all 16 bits
        return colors
    notes.append("The color profile in the file has tables; the 16-bit colors were converted at 8 bits.")
    return np.asarray(converted)


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image:
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if image.mode == "L" and opened.profile.xcolor_space == "RGB ":
        image = image.convert("RGB")  # common: a gray file with the profile of an RGB space
    return _transform(image, opened.profile)


def _transform(image: Image.Image, profile: Any) -> Image.Image:
    flags = _TABLE_FLAGS if image.mode in ("LAB", "CMYK") else _FLAGS
    srgb = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, profile, srgb, _INTENT, "RGB", flags=flags)
    if converted is None:
        raise ValueError("no transform")
    return converted


@dataclass(frozen=True)
class MatrixProfile:
    """Curves from encoded to linear, one per channel, and the matrix to XYZ (None for gray)."""

    curves: tuple[NDArray[np.float64], ...]
    matrix: NDArray[np.float64] | None

    @property
    def is_srgb(self) -> bool:
        """Whether a conversion would change less than half a step of 8 bits."""
        if self.matrix is not None and np.abs(self.matrix - _SRGB_TO_XYZ).max() > 2e-3:
            return False
        codes = np.linspace(0, 1, 256)
        return all(
            np.abs(encode_srgb(_look_up(codes, curve)) - codes).max() < 1 / 510 for curve in self.curves
        )

    def to_srgb(self, colors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Convert encoded ``(H, W, C)`` in [0, 1] to sRGB in [0, 1]; colors outside sRGB are clipped.

        C is 3 for a matrix profile and 1 for a gray one.
        """
        result = np.empty(colors.shape, np.float32)
        for top in range(0, len(colors), _BLOCK_ROWS):
            rows = slice(top, top + _BLOCK_ROWS)
            linear = np.stack([_look_up(colors[rows, :, i], c) for i, c in enumerate(self.curves)], axis=-1)
            if self.matrix is not None:
                linear = linear @ (np.linalg.inv(_SRGB_TO_XYZ) @ self.matrix).T
            result[rows] = encode_srgb(linear.clip(0, 1))
        return result


def _look_up(values: NDArray[np.floating], curve: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.interp(values, np.linspace(0, 1, len(curve)), curve)


def encode_srgb(linear: NDArray[np.floating]) -> NDArray[np.floating]:
    """Linear light to sRGB code values (IEC 61966-2-1)."""
    bright = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, bright)


def parse_profile(profile: bytes) -> MatrixProfile | None:
    """Parse a matrix or gray profile; None when it is of another kind or broken."""
    try:
        count = struct.unpack_from(">I", profile, 128)[0]
        entries = [struct.unpack_from(">4sII", profile, 132 + 12 * i) for i in range(min(count, 100))]
        tags = {name: profile[start : start + size] for name, start, size in entries}
        space, connection = profile[16:20], profile[20:24]
        if connection != b"XYZ " or b"A2B0" in tags:
            return None
        if space == b"GRAY":
            return MatrixProfile((_curve(tags[b"kTRC"]),), None)
        if space != b"RGB ":
            return None
        columns = [_fixed(tags[name], 8, 3) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        curves = tuple(_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
        return MatrixProfile(curves, np.array(columns).T)
    except (struct.error, KeyError, ValueError, IndexError):
        return None


def _fixed(data: bytes, start: int, count: int) -> list[float]:
    """``count`` numbers of the type s15Fixed16."""
    return [value / 65536 for value in struct.unpack_from(f">{count}i", data, start)]


def _curve(data: bytes) -> NDArray[np.float64]:
    """A tone curve as a table over [0, 1], fine enough for interpolation exact to 16 bits."""
    codes = np.linspace(0, 1, 1 << 16)
    if data[:4] == b"curv":
        count = struct.unpack_from(">I", data, 8)[0]
        if count > 1:
            table = np.array(struct.unpack_from(f">{min(count, 1 << 16)}H", data, 12), np.float64)
            return table / 65535
        gamma = struct.unpack_from(">H", data, 12)[0] / 256 if count else 1.0
        return codes**gamma
    if data[:4] != b"para":
        raise ValueError("unknown kind of curve")
    return _parametric(codes, struct.unpack_from(">H", data, 8)[0], data)


def _parametric(x: NDArray[np.float64], kind: int, data: bytes) -> NDArray[np.float64]:
    """The five functions of ICC.1 table 68: Y = (aX + b)^g + e above d, cX + f below."""
    if kind > 4:
        raise ValueError("unknown parametric curve")
    g, a, b, c, d, e, f = 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    values = _fixed(data, 12, (1, 3, 4, 5, 7)[kind])
    g = values[0]
    if kind > 0:
        a, b = values[1:3]
    if kind in (1, 2):
        d = -b / a if a else 0.0
        e = f = values[3] if kind == 2 else 0.0
    if kind > 2:
        c, d = values[3:5]
    if kind == 4:
        e, f = values[5:7]
    return np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f).clip(0, 1)
