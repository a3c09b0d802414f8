"""Video files: whatever FFmpeg decodes, frame by frame, with the file's own times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from bottega.errors import PictureError
from bottega.video.clip import DEFAULT_FRAME_RATE, ClipInfo, Frame, OnMessage, ignore
from bottega.video.pyav import (
    HDR_TRANSFERS,
    av,
    error_reason,
    frame_to_array,
    has_alpha,
    open_input,
    orientation,
)

DECODER_THREADS = 2


class VideoFile:
    """A video file.

    Raises:
        PictureError: missing, empty, not a video file, or without a video stream.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def info(self) -> ClipInfo:
        with open_input(self.path) as container:
            stream = _video_stream(container, self.path)
            first = next(
                (frame for frame in self._decode(container, stream, ignore) if frame is not None), None
            )
            if first is None:
                raise PictureError(f"{self.path} has no frame that can be read.")
            return _clip_info(self.path, container, stream, first)

    def frames(
        self, start: Fraction | None = None, first_index: int = 0, on_unreadable: OnMessage = ignore
    ) -> Iterator[Frame]:
        """See :class:`bottega.video.clip.Clip`."""
        empty = True
        for frame in self._frames_from(start, first_index, on_unreadable):
            empty = False
            yield frame
        if empty and start is None:
            raise PictureError(f"{self.path} has no frame that can be read.")

    def _frames_from(
        self, start: Fraction | None, first_index: int, on_unreadable: OnMessage
    ) -> Iterator[Frame]:
        with open_input(self.path) as container:
            stream = _video_stream(container, self.path)
            frames = self._timed_frames(container, stream, on_unreadable)
            if start is None:
                yield from _renumber(frames, first_index)
                return
            try:
                container.seek(int(start / Fraction(stream.time_base)), stream=stream)
            except av().FFmpegError:
                pass  # decoding begins at the start of the file; frames before ``start`` are dropped
            first = next(frames, None)
            if first is not None and first.time <= start:
                later = (frame for frame in chain([first], frames) if frame.time >= start)
                yield from _renumber(later, first_index)
                return
        # The file has no usable index: decode it from the beginning.
        with open_input(self.path) as container:
            stream = _video_stream(container, self.path)
            frames = self._timed_frames(container, stream, on_unreadable)
            yield from _renumber((frame for frame in frames if frame.time >= start), first_index)

    def _timed_frames(self, container: Any, stream: Any, on_unreadable: OnMessage) -> Iterator[Frame]:
        """Upright sRGB frames with strictly increasing times."""
        reformatter = av().video.reformatter.VideoReformatter()
        unit = Fraction(stream.time_base)
        frame_duration = 1 / _frame_rate(stream)
        previous: Fraction | None = None
        size: tuple[int, int] | None = None
        for index, frame in enumerate(self._decode(container, stream, on_unreadable)):
            if frame is None:
                continue
            if frame.pts is not None:
                time = frame.pts * unit
            else:
                time = Fraction(0) if previous is None else previous + frame_duration
            if previous is not None and time <= previous:
                time = previous + unit
            alpha = has_alpha(frame.format.name)
            samples = frame_to_array(frame, reformatter, alpha)
            if size is not None and samples.shape[:2] != size:
                raise PictureError(
                    f"{self.path} changes its size from {size[1]} × {size[0]} to {samples.shape[1]} × "
                    f"{samples.shape[0]} pixels; cut it there and process the parts one by one."
                )
            size, previous = (samples.shape[0], samples.shape[1]), time
            pixels = np.ascontiguousarray(samples[..., :3])
            yield Frame(pixels, time, index, np.ascontiguousarray(samples[..., 3]) if alpha else None)

    def _decode(self, container: Any, stream: Any, on_unreadable: OnMessage) -> Iterator[Any]:
        """Decoded frames; None in the place of one that cannot be read."""
        package = av()
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = DECODER_THREADS
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except package.FFmpegError as error:  # a truncated file
                on_unreadable(f"{self.path} cannot be read to its end: {error_reason(error)}.")
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except package.FFmpegError as error:
                reason = error_reason(error)
                on_unreadable(
                    f"{self.path}: a frame{_at_time(packet)} cannot be read ({reason}); it is left out."
                )
                yield None
                continue
            for frame in frames:
                if frame.is_corrupt:
                    on_unreadable(f"{self.path}: a frame{_at_time(frame)} is damaged; it is left out.")
                yield None if frame.is_corrupt else frame


def _at_time(item: Any) -> str:
    """`` at 3.20 s``"""
    if item.pts is None or item.time_base is None:
        return ""
    return f" at {float(item.pts * item.time_base):.2f} s"


def _video_stream(container: Any, path: Path) -> Any:
    """The largest video stream; the cover picture of a piece of music does not count."""
    attached = av().stream.Disposition.attached_pic
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & attached and stream.codec_context is not None
    ]
    if not streams:
        content = "only audio" if container.streams.audio else "no video"
        raise PictureError(f"{path} has {content}; a video file is expected.")
    return max(streams, key=lambda stream: stream.width * stream.height)


def _frame_rate(stream: Any) -> Fraction:
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    return Fraction(rate) if rate else DEFAULT_FRAME_RATE


def _clip_info(path: Path, container: Any, stream: Any, first: Any) -> ClipInfo:
    seconds = None
    if stream.duration:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration:
        seconds = container.duration / 1e6
    rate = _frame_rate(stream)
    quarter_turned = orientation(first)[0] % 2 == 1
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    hdr = HDR_TRANSFERS.get(int(stream.codec_context.color_trc or 0))
    notes = []
    if hdr is not None:
        notes.append(
            f"the video has a high dynamic range ({hdr}); its colours are not converted and look pale"
        )
    if first.interlaced_frame:
        notes.append("the video is interlaced; comb patterns at moving edges stay")
    return ClipInfo(
        str(path),
        first.height if quarter_turned else first.width,
        first.width if quarter_turned else first.height,
        rate,
        stream.frames or (round(seconds * float(rate)) if seconds else None),
        seconds,
        Fraction(stream.time_base),
        1 / aspect if quarter_turned else aspect,
        has_audio=bool(container.streams.audio),
        has_alpha=has_alpha(first.format.name),
        notes=tuple(notes),
    )


def _renumber(frames: Iterator[Frame], first_index: int) -> Iterator[Frame]:
    """Shift the indices so that the first frame has ``first_index``."""
    offset: int | None = None
    for frame in frames:
        offset = first_index - frame.index if offset is None else offset
        yield replace(frame, index=frame.index + offset)
