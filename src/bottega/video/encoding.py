"""Writing video: the choice of encoder and its settings, and segments without audio that are joined later."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from bottega.errors import OutputError
from bottega.files import flush_to_disk
from bottega.video.clip import ClipInfo, Frame, UInt8Array
from bottega.video.pyav import LIMITED_RANGE, array_to_frame, av, error_reason, matrix_for_height, open_output

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""Endings of video files that are written, with FFmpeg's names of the formats."""

CODECS = {"h264": ("libx264", "libopenh264"), "vp9": ("libvpx-vp9",), "av1": ("libsvtav1", "libaom-av1")}
"""Video codecs and their encoders, the preferred one first."""

CONTAINER_CODECS = {
    "mp4": ("h264", "vp9", "av1"),
    "mov": ("h264",),
    "matroska": ("h264", "vp9", "av1"),
    "webm": ("vp9", "av1"),
}
"""Codecs that each format can hold, the default first."""

ALPHA_FORMATS = ("matroska", "webm")
"""Formats that can hold transparency, which VP9 keeps beside the frames."""

DEFAULT_QUALITY = 92
SEGMENT_SUFFIX = ".segment"
_SEGMENT_FORMAT, _ALPHA_SEGMENT_FORMAT = "nut", "matroska"
"""NUT keeps any codec and exact times, so that segments join without a seam, but no transparency."""

_KEY_FRAME_SECONDS = Fraction(2)


@dataclass(frozen=True)
class Encoding:
    """An encoder with its settings.

    Attributes:
        codec: ``h264``, ``vp9`` or ``av1``.
        encoder: FFmpeg's name of the encoder.
        options: of the encoder.
        even: whether width and height must be even.
        alpha: whether transparency is supported.
    """

    codec: str
    encoder: str
    options: dict[str, str]
    even: bool
    alpha: bool


def container_format(path: Path) -> str:
    """FFmpeg's name of the format of a video file, by its suffix.

    Raises:
        OutputError: the suffix is unknown.
    """
    if path.suffix.lower() not in CONTAINERS:
        raise OutputError(f"{path}: video is written as {', '.join(CONTAINERS)}.")
    return CONTAINERS[path.suffix.lower()]


def choose_encoding(path: Path, codec: str = "auto", quality: int = DEFAULT_QUALITY) -> Encoding:
    """The encoder and settings for a video file.

    Args:
        codec: ``auto`` is H.264 for MP4, MOV and Matroska, which plays everywhere, and VP9 for WebM.
        quality: 1 to 100, as for pictures.

    Raises:
        OutputError: the format cannot hold the codec, or no encoder for it is installed.
    """
    codecs = CONTAINER_CODECS[container_format(path)]
    name = codecs[0] if codec == "auto" else codec
    if name not in codecs:
        raise OutputError(f"{path}: a {path.suffix.lower()} file can hold {' or '.join(codecs)}, not {name}.")
    encoder = next((each for each in CODECS[name] if each in av().codecs_available), None)
    if encoder is None:
        others = [other for other in codecs if other != name]
        hint = f"try --codec {others[0]}" if others else "try another file format"
        raise OutputError(f"The installed package av has no encoder for {name}; {hint}.")
    options = _encoder_options(encoder, quality)
    alpha = encoder == "libvpx-vp9" and CONTAINERS[path.suffix.lower()] in ALPHA_FORMATS
    return Encoding(name, encoder, options, even=name == "h264", alpha=alpha)


def _encoder_options(encoder: str, quality: int) -> dict[str, str]:
    """Constant quality, at a speed with which one core encodes 640 × 360 faster than it is stylized.

    No frame refers to a later one, so that segments join as they are and every frame keeps its time.
    """
    loss = DEFAULT_QUALITY - quality
    if encoder == "libx264":
        return {"crf": f"{max(0, 18 + 0.36 * loss):.1f}", "preset": "veryfast", "bf": "0"}
    if encoder == "libsvtav1":
        return {"crf": str(min(63, max(1, round(28 + 0.38 * loss)))), "preset": "9"}
    shared = {
        "crf": str(min(63, max(0, round(24 + 0.42 * loss)))),
        "b": "0",
        "row-mt": "1",
        "lag-in-frames": "0",
    }
    if encoder == "libvpx-vp9":
        return {**shared, "deadline": "realtime", "cpu-used": "7", "auto-alt-ref": "0"}
    if encoder == "libaom-av1":
        return {**shared, "usage": "realtime", "cpu-used": "8"}
    return {}


class SegmentWriter:
    """Writes one segment of video; the file appears under its name when it is complete.

    Args:
        path: of the segment.
        info: of the source clip; gives frame rate, times and pixel aspect.
        alpha: whether transparency is written.
        threads: of the encoder; 0 lets it choose.

    Raises:
        OutputError: the disk is full, the folder is missing, the encoder fails.
    """

    def __init__(
        self, path: Path, info: ClipInfo, encoding: Encoding, *, alpha: bool = False, threads: int = 1
    ) -> None:
        self.path = path
        self.info = info
        self.encoding = encoding
        self.alpha = alpha
        self.threads = threads
        self.count = self._packet_count = 0
        self._temporary = path.with_name(f"{path.name}.part")
        self._container: Any = None
        self._stream: Any = None
        self._reformatter: Any = None

    def write(self, frame: Frame) -> None:
        """Encode the next frame; all must have one size."""
        try:
            if self._container is None:
                self._open(frame)
            self._mux(self._encoder_frame(frame))
        except (av().FFmpegError, OSError, ValueError) as error:
            raise OutputError(f"{self.path} cannot be written: {error_reason(error)}.") from None
        self.count += 1

    def close(self) -> None:
        """Finish the file and give it its name, unless there are no frames."""
        if self._container is None:
            return
        try:
            self._mux(None)
            self._container.close()
            flush_to_disk(self._temporary)
            if self._packet_count == self.count:
                self._temporary.replace(self.path)
                return
        except (av().FFmpegError, OSError) as error:
            raise OutputError(f"{self.path} cannot be written: {error_reason(error)}.") from None
        raise OutputError(
            f"{self.path} cannot be written: the encoder {self.encoding.encoder} wrote only "
            f"{self._packet_count} of {self.count} frames; try another --codec."
        )

    def _mux(self, encoder_frame: Any) -> None:
        for packet in self._stream.encode(encoder_frame):
            self._container.mux(packet)
            self._packet_count += 1

    def abandon(self) -> None:
        """Delete the unfinished file."""
        if self._container is not None:
            self._container.close()
        self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()

    def _open(self, first: Frame) -> None:
        self._container = open_output(
            self._temporary, format=_ALPHA_SEGMENT_FORMAT if self.alpha else _SEGMENT_FORMAT
        )
        height, width = first.height, first.width
        if self.encoding.even:
            height, width = height + height % 2, width + width % 2
        stream = self._container.add_stream(
            self.encoding.encoder, rate=self.info.frame_rate, options=dict(self.encoding.options)
        )
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuva420p" if self.alpha else "yuv420p"
        context = stream.codec_context
        context.time_base = self.info.time_base
        context.sample_aspect_ratio = self.info.pixel_aspect
        context.gop_size = max(1, round(_KEY_FRAME_SECONDS * self.info.frame_rate))
        context.thread_count = self.threads
        self._matrix = matrix_for_height(height)
        context.colorspace = self._matrix.tag
        context.color_range = LIMITED_RANGE
        context.color_primaries = 1  # BT.709, as sRGB
        context.color_trc = 1
        # Both clocks: encoders use the one, files the other.
        stream.time_base = self.info.time_base
        self._stream = stream
        self._reformatter = av().video.reformatter.VideoReformatter()

    def _encoder_frame(self, frame: Frame) -> Any:
        samples = frame.pixels
        if self.alpha:
            alpha = np.full(samples.shape[:2], 255, np.uint8) if frame.alpha is None else frame.alpha
            samples = np.dstack([samples, alpha])
        # Even sides, by repeating the last row and column.
        down, right = self._stream.height - samples.shape[0], self._stream.width - samples.shape[1]
        if down or right:
            samples = np.pad(samples, ((0, down), (0, right), (0, 0)), mode="edge")
        samples = np.ascontiguousarray(samples)
        encoder_frame = array_to_frame(samples, self._stream.pix_fmt, self._matrix, self._reformatter)
        encoder_frame.pts = round(frame.time / self.info.time_base)
        encoder_frame.time_base = self.info.time_base
        return encoder_frame


def composite_on_white(pixels: UInt8Array, alpha: UInt8Array) -> UInt8Array:
    """A frame over white, for formats without transparency."""
    opacity = alpha[..., None].astype(np.float32) / 255
    return (pixels * opacity + 255 * (1 - opacity) + 0.5).astype(np.uint8)
