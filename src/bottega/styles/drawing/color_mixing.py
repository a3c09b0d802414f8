"""Colour for painters: hex names, OKLab for mixing paint, linear light for printing inks.

OKLab: Björn Ottosson, "A perceptual color space for image processing", 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bottega.styles.drawing.canvas import Array

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
_FROM_LAB = np.linalg.inv(_TO_LAB.astype(np.float64)).astype(np.float32)
_FROM_LMS = np.linalg.inv(_TO_LMS.astype(np.float64)).astype(np.float32)


def linear(srgb: Array) -> Array:
    """sRGB to linear light, both in [0, 1] (IEC 61966-2-1)."""
    bent = ((np.maximum(srgb, 0) + 0.055) / 1.055) ** np.float32(2.4)
    return np.where(srgb <= 0.04045, srgb / 12.92, bent).astype(np.float32)


def encoded(light: Array) -> Array:
    """Linear light to sRGB, clipped to [0, 1]."""
    light = np.clip(light, 0, 1)
    bent = 1.055 * light ** np.float32(1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, bent).astype(np.float32)


def to_lab(srgb: Array) -> Array:
    """sRGB (..., 3) to OKLab (..., 3): lightness 0 to 1, then green–red and blue–yellow."""
    return _apply(_TO_LAB, np.cbrt(_apply(_TO_LMS, linear(srgb))))


def from_lab(lab: Array) -> Array:
    """OKLab (..., 3) to sRGB (..., 3), clipped to the gamut."""
    return encoded(_apply(_FROM_LMS, _apply(_FROM_LAB, lab) ** 3))


def _apply(matrix: Array, colour: Array) -> Array:
    # Sums instead of a matrix product: the same bits whatever the number of threads.
    parts = [colour[..., 0] * row[0] + colour[..., 1] * row[1] + colour[..., 2] * row[2] for row in matrix]
    return np.stack(parts, axis=-1)


def pigment(name: str) -> Array:
    """sRGB (3,) of a colour written "rrggbb"."""
    return np.array([int(name[k : k + 2], 16) for k in (0, 2, 4)], np.float32) / 255


def ramp(names: str, tone: Array) -> Array:
    """OKLab colours (..., 3) along a ramp of hex colours, dark to light, at tones 0 to 1."""
    stops = to_lab(np.stack([pigment(name) for name in names.split()]))
    places = np.linspace(0, 1, len(stops))
    fine = np.linspace(0, 1, 256)
    table = np.stack([np.interp(fine, places, stops[:, c]) for c in range(3)], axis=-1).astype(np.float32)
    return table[np.clip(tone * 255, 0, 255).astype(np.int64)]


def ramps(palette: Sequence[str], region: np.ndarray, tone: Array) -> Array:
    """OKLab picture: each region takes the ramp of its number (the last ramp serves all further regions)."""
    picture = np.empty((*tone.shape, 3), np.float32)
    for number in np.unique(region):
        here = region == number
        picture[here] = ramp(palette[min(int(number), len(palette) - 1)], tone[here])
    return picture


def overprint(paper: Array, inks: Sequence[tuple[str, Array]]) -> Array:
    """sRGB picture of transparent inks multiplied over paper in linear light.

    ``paper`` is sRGB (H, W, 3) or (3,); each ink is a hex colour and its coverage (H, W) in [0, 1].
    """
    light = linear(paper)
    for name, coverage in inks:
        light = light * (1 - coverage[..., None] * (1 - linear(pigment(name))))
    return encoded(light)
