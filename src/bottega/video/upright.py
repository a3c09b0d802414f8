"""Turning frames the way the camera was held."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from bottega.video.clip import Bytes

Turn = tuple[int, bool]
"""Quarter turns counter-clockwise, and whether the frame is mirrored left to right before."""

AS_IT_IS: Turn = (0, False)


def turn_of(frame: Any) -> Turn:
    """What a decoded frame's display matrix asks for; angles between quarter turns go to the nearest.

    The matrix (ISO/IEC 14496-12, 8.2.2.3) maps a point by ``x' = a x + c y``, ``y' = b x + d y``, y down.
    """
    data = next((each for each in frame.side_data if each.type.name == "DISPLAYMATRIX"), None)
    if data is None or data.buffer_size < 36:
        return AS_IT_IS
    a, b, _, c, d = struct.unpack_from("=5i", bytes(data))
    mirrored = a * d - b * c < 0
    if mirrored:
        # Without the mirroring that comes first, what is left is a plain rotation.
        a, b = -a, -b
    clockwise = np.degrees(np.arctan2(b, a))
    return round(-clockwise / 90) % 4, mirrored


def upright(pixels: Bytes, turn: Turn) -> Bytes:
    """``(H, W, C)`` turned; contiguous."""
    quarters, mirrored = turn
    if mirrored:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(np.rot90(pixels, quarters))
