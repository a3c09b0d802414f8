"""Matrix and grey colour profiles in floating point, for pictures of 16 bits.

Pillow's bridge to Little CMS works on 8 bits per channel. Photographs of 16 bits nearly always carry a
"matrix/TRC" profile (Adobe RGB, Display P3, ProPhoto), whose arithmetic is small: three curves, one matrix.
Source: ICC.1:2022, sections 8.3 (profiles), 10.6 ``curv``, 10.18 ``para``, annex F.3 (model).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# sRGB to XYZ adapted to D50 by Bradford, the connection space of profiles. IEC 61966-2-1, rounded as in the
# published sRGB profile.
_SRGB_TO_XYZ = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]], np.float64
)
_ROWS = 256


@dataclass(frozen=True)
class MatrixProfile:
    """Curves (encoded to linear, one per channel) and the matrix to XYZ; no matrix for a grey profile."""

    curves: tuple[NDArray[np.float64], ...]
    matrix: NDArray[np.float64] | None

    @property
    def is_srgb(self) -> bool:
        """Whether converting would change nothing that can be seen (below half a step of 8 bits)."""
        if self.matrix is not None and np.abs(self.matrix - _SRGB_TO_XYZ).max() > 2e-3:
            return False
        codes = np.linspace(0, 1, 256)
        return all(
            np.abs(encode_srgb(_look_up(codes, curve)) - codes).max() < 1 / 510 for curve in self.curves
        )

    def to_srgb(self, colors: Floats) -> Floats:
        """``(H, W, C)`` encoded values in [0, 1] to sRGB in [0, 1]; colours outside sRGB are clipped.

        C is 3 for a matrix profile and 1 for a grey one.
        """
        result = np.empty(colors.shape, np.float32)
        for top in range(0, len(colors), _ROWS):
            rows = slice(top, top + _ROWS)
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


def parse(profile: bytes) -> MatrixProfile | None:
    """Read a matrix or grey profile; None when the profile is of another kind or broken."""
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
    """A tone curve as a table over [0, 1], fine enough that reading between entries is exact to 16 bits."""
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
