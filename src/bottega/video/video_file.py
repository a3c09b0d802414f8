"""Video files: whatever FFmpeg decodes, frame by frame, with the file's own times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from bottega.environment import environment
from bottega.errors import PictureError
from bottega.pictures.open_image import check_size
from bottega.video.clip import DEFAULT_FRAME_RATE, ClipInfo, Frame, OnMessage, ignore
from bottega.video.pyav import (
    HDR_TRANSFERS,
    alpha_decoder,
    av,
    error_reason,
    frame_to_array,
    has_alpha,
    has_alpha_track,
    open_input,
    orientation,
)

DECODER_THREADS = 2
MAX_HOLD_SECONDS = 60
"""Longest duration of a last frame that is believed: a truncated file states the end that it lost."""
_DURATION = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")


class VideoFile:
    """A video file.

    Raises:
        PictureError: missing, empty, not a video file, or without a video stream.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._states_times = True

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
            frames = _hold_last(self._timed_frames(container, stream, on_unreadable), stream)
            if start is None:
                yield from _from_time(frames, start, first_index)
                return
            try:
                container.seek(int(start / Fraction(stream.time_base)), stream=stream)
            except av().FFmpegError:
                pass  # decoding begins at the start of the file; frames before ``start`` are dropped
            first = next(frames, None)
            # Times that the file does not state are counted from the start.
            if first is not None and first.time <= start and self._states_times:
                yield from _from_time(chain([first], frames), start, first_index)
                return
        # The file has no usable index: decode it from the beginning.
        with open_input(self.path) as container:
            stream = _video_stream(container, self.path)
            frames = _hold_last(self._timed_frames(container, stream, on_unreadable), stream)
            yield from _from_time(frames, start, first_index)

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
                self._states_times = False
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
            yield Frame(
                np.ascontiguousarray(samples[..., :3]),
                time,
                index,
                np.ascontiguousarray(samples[..., 3]) if alpha else None,
                frame.duration * unit if frame.duration else frame_duration,
            )

    def _decode(self, container: Any, stream: Any, on_unreadable: OnMessage) -> Iterator[Any]:
        """Decoded frames; None in the place of one that cannot be read."""
        package = av()
        decoder = alpha_decoder(stream)
        if decoder is None:
            decoder = stream.codec_context
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
                frames = decoder.decode(packet if packet.size else None)
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
    check_size((first.width, first.height), environment().max_pixels, str(path))
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    hdr = HDR_TRANSFERS.get(int(stream.codec_context.color_trc or 0))
    notes = []
    if hdr is not None:
        notes.append(
            f"the video has a high dynamic range ({hdr}); its colours are not converted and look pale"
        )
    if has_alpha_track(stream) and not has_alpha(first.format.name):
        notes.append("the transparency of the video cannot be read with the installed package av")
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


def _hold_last(frames: Iterator[Frame], stream: Any) -> Iterator[Frame]:
    """Give the last frame the duration that Matroska states by the end of the track."""
    last = None
    for frame in frames:
        if last is not None:
            yield last
        last = frame
    if last is None:
        return
    match = _DURATION.fullmatch(stream.metadata.get("DURATION", ""))
    if match is not None:
        hours, minutes, seconds = match.groups()
        duration = int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds) - last.time
        if 0 < duration <= MAX_HOLD_SECONDS:
            last = replace(last, duration=duration)
    yield last


def _from_time(frames: Iterable[Frame], start: Fraction | None, first_index: int) -> Iterator[Frame]:
    """Drop frames before ``start``; the index after the last of them is ``first_index``."""
    offset: int | None = None
    for frame in frames:
        if start is not None and frame.time < start:
            offset = first_index - 1 - frame.index
            continue
        offset = first_index - frame.index if offset is None else offset
        yield replace(frame, index=frame.index + offset)
