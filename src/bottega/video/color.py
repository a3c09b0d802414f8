"""From the colours of films to sRGB bytes and back.

Films keep brightness and two colour differences, mixed by one of several matrices (ITU-R BT.601 for standard
definition, BT.709 for high definition), in a limited (16 to 235) or the full range. Files often do not say
which; players then guess by the height, and so do we. The film that is written always says it.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from bottega.video.clip import Bytes
from bottega.video.pyav import av

HIGH_DEFINITION = 720
"""Lines from which on a film that does not say its matrix is taken for BT.709."""

UNSPECIFIED = 2  # of AVColorSpace, and of the transfer curves
LIMITED, FULL = 1, 2  # of AVColorRange
HIGH_DYNAMIC_RANGE = {16: "PQ", 18: "HLG"}  # of AVColorTransferCharacteristic
BT709, BT601 = 1, 5  # of the scaler's matrices
TAGS = {BT709: 1, BT601: 6}  # and of AVColorSpace (6 is SMPTE 170M, which BT.601 calls its own)
# Bilinear; with all bits kept, and colour interpolated in both directions: else greys drift by two steps.
SCALING = 2 | 0x40000 | 0x2000


class Matrix(NamedTuple):
    """How a film mixes its colours: ``scaler`` as the scaler calls it, ``tag`` as a file does."""

    scaler: int
    tag: int


def matrix_for(height: int) -> Matrix:
    """What a film of that height is expected to have."""
    scaler = BT709 if height >= HIGH_DEFINITION else BT601
    return Matrix(scaler, TAGS[scaler])


@cache
def _is_rgb(name: str) -> bool:
    return bool(av().VideoFormat(name).is_rgb)


@cache
def has_alpha(name: str) -> bool:
    """Whether a pixel format carries transparency."""
    return any(component.is_alpha for component in av().VideoFormat(name).components) and name != "pal8"


def to_bytes(frame: Any, reformatter: Any, alpha: bool) -> Bytes:
    """A decoded frame as ``(H, W, 3)``, or ``(H, W, 4)`` with ``alpha``: sRGB, uint8.

    Args:
        reformatter: one of PyAV's, kept from frame to frame, as it is dear to set up.
    """
    options: dict[str, Any] = {"dst_color_range": FULL}
    if not _is_rgb(frame.format.name):
        if frame.colorspace == UNSPECIFIED:
            options["src_colorspace"] = matrix_for(frame.height).scaler
        if frame.color_range not in (LIMITED, FULL):
            full = frame.format.name.startswith("yuvj")
            options["src_color_range"] = FULL if full else LIMITED
    converted = reformatter.reformat(
        frame, format="rgba" if alpha else "rgb24", interpolation=SCALING, threads=1, **options
    )
    return converted.to_ndarray()


def from_bytes(pixels: Bytes, format: str, matrix: Matrix, reformatter: Any) -> Any:
    """``(H, W, 3)`` or ``(H, W, 4)`` as a frame for an encoder: limited range, marked as what it is."""
    frame = av().VideoFrame.from_ndarray(pixels, format="rgba" if pixels.shape[2] == 4 else "rgb24")
    frame.color_range = FULL
    converted = reformatter.reformat(
        frame,
        format=format,
        dst_colorspace=matrix.scaler,
        dst_color_range=LIMITED,
        interpolation=SCALING,
        threads=1,
    )
    converted.colorspace = matrix.tag
    converted.color_range = LIMITED
    return converted
