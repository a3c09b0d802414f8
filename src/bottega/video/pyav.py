"""The interface to FFmpeg: PyAV, imported when needed, its errors, its colours and its orientation.

Video stores luma and two colour differences, mixed by one of several matrices (ITU-R BT.601 for standard
definition, BT.709 for high definition), in limited (16 to 235) or full range. Files often do not state which;
like players, we then decide by the height. Files that we write always state it.
"""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from bottega.errors import OutputError, PictureError, ResourceError
from bottega.video.clip import UInt8Array

MIN_BT709_HEIGHT = 720
"""Lines from which on video without a stated matrix counts as BT.709."""

HDR_TRANSFERS = {16: "PQ", 18: "HLG"}  # of AVColorTransferCharacteristic
_UNSPECIFIED = 2  # of AVColorSpace
LIMITED_RANGE, FULL_RANGE = 1, 2  # of AVColorRange
_BT709, _BT601 = 1, 5  # of the scaler's matrices
_COLORSPACE_TAGS = {_BT709: 1, _BT601: 6}  # of AVColorSpace; 6 is SMPTE 170M, which is BT.601
# Bilinear, with all bits, and colour interpolated in both directions: otherwise greys drift by two steps.
_SCALING = 2 | 0x40000 | 0x2000


def av() -> ModuleType:
    """The package ``av``.

    Raises:
        ResourceError: it is not installed.
    """
    try:
        import av as package
    except ImportError:
        raise ResourceError(
            'Video files need one more package: pip install "bottega[video]". '
            "Folders of frames and animations (GIF, WebP, PNG) work without it."
        ) from None
    return package


def open_input(path: Path) -> Any:
    """A container to read from.

    Raises:
        PictureError: missing, empty, unreadable or not a video file.
    """
    if not path.exists():
        raise PictureError(f"The video file {path} does not exist.")
    if path.is_dir():
        raise PictureError(f"{path} is a folder; a video file is expected.")
    package = av()
    try:
        if path.stat().st_size == 0:
            raise PictureError(f"{path} is empty (0 bytes); a video file is expected.")
        return package.open(str(path), metadata_errors="replace")
    except package.FFmpegError as error:
        raise PictureError(f"{path} cannot be read as a video file ({error_reason(error)}).") from None
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from None


def open_output(path: Path, **options: Any) -> Any:
    """A container to write into.

    Raises:
        OutputError: it cannot be created.
    """
    package = av()
    try:
        return package.open(str(path), "w", **options)
    except (package.FFmpegError, OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be written: {error_reason(error)}.") from None


def error_reason(error: BaseException) -> str:
    """The text of a library's error, without error numbers and file names."""
    text = getattr(error, "strerror", None) or str(error)
    return str(text).strip().rstrip(".").lower() or type(error).__name__


class Matrix(NamedTuple):
    """A colour matrix: ``scaler`` is its number in the scaler, ``tag`` the one in a file."""

    scaler: int
    tag: int


def matrix_for_height(height: int) -> Matrix:
    """The usual matrix of video of that height."""
    scaler = _BT709 if height >= MIN_BT709_HEIGHT else _BT601
    return Matrix(scaler, _COLORSPACE_TAGS[scaler])


@cache
def _is_rgb(pixel_format: str) -> bool:
    return bool(av().VideoFormat(pixel_format).is_rgb)


@cache
def has_alpha(pixel_format: str) -> bool:
    """Whether a pixel format has transparency."""
    components = av().VideoFormat(pixel_format).components
    return pixel_format != "pal8" and any(component.is_alpha for component in components)


def has_alpha_track(stream: Any) -> bool:
    """Whether a stream has transparency beside its frames, as VP8 and VP9 in WebM and Matroska."""
    return any(key.lower() == "alpha_mode" and text == "1" for key, text in stream.metadata.items())


def alpha_decoder(stream: Any) -> Any | None:
    """A decoder that reads the transparency beside the frames, which the usual one ignores.

    None where there is no transparency, or no such decoder.
    """
    codec = stream.codec_context.codec.canonical_name
    name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(codec)
    if name is None or not has_alpha_track(stream) or name not in av().codecs_available:
        return None
    return av().CodecContext.create(name, "r")


def frame_to_array(frame: Any, reformatter: Any, alpha: bool) -> UInt8Array:
    """A decoded frame as upright ``(H, W, 3)``, or ``(H, W, 4)`` with ``alpha``: sRGB, uint8.

    Args:
        reformatter: one of PyAV's, reused for all frames because it is slow to set up.
    """
    options: dict[str, Any] = {"dst_color_range": FULL_RANGE}
    if not _is_rgb(frame.format.name):
        if frame.colorspace == _UNSPECIFIED:
            options["src_colorspace"] = matrix_for_height(frame.height).scaler
        if frame.color_range not in (LIMITED_RANGE, FULL_RANGE):
            full = frame.format.name.startswith("yuvj")
            options["src_color_range"] = FULL_RANGE if full else LIMITED_RANGE
    converted = reformatter.reformat(
        frame, format="rgba" if alpha else "rgb24", interpolation=_SCALING, threads=1, **options
    )
    pixels = converted.to_ndarray()
    quarter_turns, mirrored = orientation(frame)
    if mirrored:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns))


def array_to_frame(pixels: UInt8Array, pixel_format: str, matrix: Matrix, reformatter: Any) -> Any:
    """``(H, W, 3)`` or ``(H, W, 4)`` as a frame for an encoder, in limited range, with colour tags."""
    frame = av().VideoFrame.from_ndarray(pixels, format="rgba" if pixels.shape[2] == 4 else "rgb24")
    frame.color_range = FULL_RANGE
    converted = reformatter.reformat(
        frame,
        format=pixel_format,
        dst_colorspace=matrix.scaler,
        dst_color_range=LIMITED_RANGE,
        interpolation=_SCALING,
        threads=1,
    )
    converted.colorspace = matrix.tag
    converted.color_range = LIMITED_RANGE
    return converted


def orientation(frame: Any) -> tuple[int, bool]:
    """What makes a decoded frame upright: (quarter turns counter-clockwise, mirrored left to right before).

    Read from the display matrix (ISO/IEC 14496-12, 8.2.2.3), which maps a point by ``x' = a x + c y``,
    ``y' = b x + d y``, y down; angles between quarter turns are rounded.
    """
    data = next((entry for entry in frame.side_data if entry.type.name == "DISPLAYMATRIX"), None)
    if data is None or data.buffer_size < 36:
        return 0, False
    a, b, _, c, d = struct.unpack_from("=5i", bytes(data))
    mirrored = a * d - b * c < 0
    if mirrored:
        # Without the mirroring that comes first, a plain rotation remains.
        a, b = -a, -b
    clockwise = np.degrees(np.arctan2(b, a))
    return round(-clockwise / 90) % 4, mirrored
