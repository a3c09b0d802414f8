"""Writing frames as a stretch of film without sound: one segment of what is joined later."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from bottega.errors import OutputError
from bottega.video.clip import Bytes, ClipInfo, Frame
from bottega.video.color import from_bytes, matrix_for
from bottega.video.encoding import KEY_FRAMES, Encoding
from bottega.video.pyav import av, open_output, reason

SEGMENT_SUFFIX = ".nut"
"""A format that keeps any codec and any times exactly, so that segments join as if they were one."""


class SegmentWriter:
    """Writes one segment; the file appears under its name when it is complete.

    Args:
        path: of the segment.
        info: of the clip that is painted; gives rate, times and the shape of pixels.
        encoding: how.
        alpha: whether transparency is written.
        threads: of the encoder; 0 leaves it to it.

    Raises:
        OutputError: the disk is full, the folder is gone, the encoder refuses.
    """

    def __init__(
        self, path: Path, info: ClipInfo, encoding: Encoding, *, alpha: bool = False, threads: int = 1
    ) -> None:
        self.path = path
        self.info = info
        self.encoding = encoding
        self.alpha = alpha
        self.threads = threads
        self.count = 0
        self._temporary = path.with_name(f"{path.name}.part")
        self._container: Any = None
        self._stream: Any = None
        self._reformatter: Any = None

    def write(self, frame: Frame) -> None:
        """The next frame; all are of one size."""
        try:
            if self._container is None:
                self._open(frame)
            self._container.mux(self._stream.encode(self._prepared(frame)))
        except (av().FFmpegError, OSError, ValueError) as error:
            raise OutputError(f"{self.path} cannot be written: {reason(error)}.") from None
        self.count += 1

    def close(self) -> None:
        """Finish the file and give it its name; without any frame there is none."""
        if self._container is None:
            return
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
            with self._temporary.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(self._temporary, self.path)
        except (av().FFmpegError, OSError) as error:
            raise OutputError(f"{self.path} cannot be written: {reason(error)}.") from None

    def abandon(self) -> None:
        """Leave nothing behind."""
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
        self._container = open_output(self._temporary, format="nut")
        height, width = first.height, first.width
        if self.encoding.even:
            height, width = height + height % 2, width + width % 2
        stream = self._container.add_stream(
            self.encoding.encoder, rate=self.info.rate, options=dict(self.encoding.options)
        )
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuva420p" if self.alpha else "yuv420p"
        context = stream.codec_context
        context.time_base = self.info.time_base
        context.sample_aspect_ratio = self.info.aspect
        context.gop_size = max(1, round(KEY_FRAMES * self.info.rate))
        context.thread_count = self.threads
        self._matrix = matrix_for(height)
        context.colorspace = self._matrix.tag
        context.color_range = 1
        context.color_primaries = 1
        context.color_trc = 1
        # Both clocks: encoders measure in the one, files in the other.
        stream.time_base = self.info.time_base
        self._stream = stream
        self._reformatter = av().video.reformatter.VideoReformatter()

    def _prepared(self, frame: Frame) -> Any:
        samples = frame.pixels
        if self.alpha:
            alpha = np.full(samples.shape[:2], 255, np.uint8) if frame.alpha is None else frame.alpha
            samples = np.dstack([samples, alpha])
        samples = _padded(samples, self._stream.height, self._stream.width)
        prepared = from_bytes(samples, self._stream.pix_fmt, self._matrix, self._reformatter)
        prepared.pts = round(frame.time / self.info.time_base)
        prepared.time_base = self.info.time_base
        return prepared


def on_white(pixels: Bytes, alpha: Bytes) -> Bytes:
    """A frame laid on white, where transparency cannot be kept."""
    share = alpha[..., None].astype(np.float32) / 255
    return (pixels * share + 255 * (1 - share) + 0.5).astype(np.uint8)


def _padded(samples: Bytes, height: int, width: int) -> Bytes:
    """Even sides, by repeating the last row and column."""
    down, right = height - samples.shape[0], width - samples.shape[1]
    if down == right == 0:
        return np.ascontiguousarray(samples)
    return np.pad(samples, ((0, down), (0, right), (0, 0)), mode="edge")
