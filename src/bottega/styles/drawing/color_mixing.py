"""Hex colors, OKLab for mixing paint, and linear light for printing inks, in numpy and bit-reproducible."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bottega.layers.color_spaces import CONES_TO_LAB, RGB_TO_CONES
from bottega.styles.drawing.canvas import Array

RGB_TO_LMS = RGB_TO_CONES.numpy().astype(np.float32)
LMS_TO_OKLAB = CONES_TO_LAB.numpy().astype(np.float32)
OKLAB_TO_LMS = np.linalg.inv(LMS_TO_OKLAB.astype(np.float64)).astype(np.float32)
LMS_TO_RGB = np.linalg.inv(RGB_TO_LMS.astype(np.float64)).astype(np.float32)


def to_linear(srgb: Array) -> Array:
    """sRGB to linear light, both in [0, 1] (IEC 61966-2-1)."""
    power = ((np.maximum(srgb, 0) + 0.055) / 1.055) ** np.float32(2.4)
    return np.where(srgb <= 0.04045, srgb / 12.92, power).astype(np.float32)


def to_srgb(light: Array) -> Array:
    """Linear light to sRGB, clipped to [0, 1]."""
    light = np.clip(light, 0, 1)
    power = 1.055 * light ** np.float32(1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, power).astype(np.float32)


def to_oklab(srgb: Array) -> Array:
    """sRGB (..., 3) to OKLab (..., 3): lightness 0 to 1, then green–red and blue–yellow."""
    return _multiply(LMS_TO_OKLAB, np.cbrt(_multiply(RGB_TO_LMS, to_linear(srgb))))


def from_oklab(lab: Array) -> Array:
    """OKLab (..., 3) to sRGB (..., 3), clipped to the gamut."""
    return to_srgb(_multiply(LMS_TO_RGB, _multiply(OKLAB_TO_LMS, lab) ** 3))


def _multiply(matrix: Array, color: Array) -> Array:
    # Sums instead of a matrix product: the same bits whatever the number of threads.
    parts = [color[..., 0] * row[0] + color[..., 1] * row[1] + color[..., 2] * row[2] for row in matrix]
    return np.stack(parts, axis=-1)


def hex_color(name: str) -> Array:
    """sRGB (3,) of a color written "rrggbb"."""
    return np.array([int(name[k : k + 2], 16) for k in (0, 2, 4)], np.float32) / 255


def color_ramp(names: str, tone: Array) -> Array:
    """OKLab colors (..., 3) along a ramp of hex colors, dark to light, at tones 0 to 1."""
    stops = to_oklab(np.stack([hex_color(name) for name in names.split()]))
    places = np.linspace(0, 1, len(stops))
    fine = np.linspace(0, 1, 256)
    table = np.stack([np.interp(fine, places, stops[:, c]) for c in range(3)], axis=-1).astype(np.float32)
    return table[np.clip(tone * 255, 0, 255).astype(np.int64)]


def region_ramps(palette: Sequence[str], region: np.ndarray, tone: Array) -> Array:
    """OKLab picture: each region uses the ramp of its index, or the last one."""
    picture = np.empty((*tone.shape, 3), np.float32)
    for number in np.unique(region):
        inside = region == number
        picture[inside] = color_ramp(palette[min(int(number), len(palette) - 1)], tone[inside])
    return picture


def overprint(paper: Array, inks: Sequence[tuple[str, Array]]) -> Array:
    """sRGB picture of transparent inks multiplied over paper in linear light.

    ``paper`` is sRGB (H, W, 3) or (3,); each ink is a hex color and its coverage (H, W) in [0, 1].
    """
    light = to_linear(paper)
    for name, coverage in inks:
        light = light * (1 - coverage[..., None] * (1 - to_linear(hex_color(name))))
    return to_srgb(light)
