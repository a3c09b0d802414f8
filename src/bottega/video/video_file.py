"""Films: whatever FFmpeg decodes, frame by frame, with the file's own times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bottega.errors import PictureError
from bottega.video.clip import ClipInfo, Frame, OnBroken, silently
from bottega.video.color import HIGH_DYNAMIC_RANGE, has_alpha, to_bytes
from bottega.video.pyav import av, open_input, reason
from bottega.video.upright import turn_of, upright

FILM_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "mts", "m2ts"),
        *("wmv", "flv", "ogv", "3gp", "mxf", "nut"),
    )
)
"""Files that are taken for films by their names; what they are is seen when they are read."""

USUAL_RATE = Fraction(25)
DECODER_THREADS = 2


class Film:
    """A film file.

    Raises:
        PictureError: missing, empty, no film, or without pictures.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def info(self) -> ClipInfo:
        with open_input(self.path) as container:
            stream = _picture_stream(container, self.path)
            decoded = self._decoded(container, stream, silently)
            first = next((frame for frame in decoded if frame is not None), None)
            if first is None:
                raise PictureError(f"{self.path} has no frame that can be read.")
            return _described(self.path, container, stream, first)

    def frames(
        self, start: Fraction | None = None, number: int = 0, on_broken: OnBroken = silently
    ) -> Iterator[Frame]:
        """See :class:`bottega.video.clip.Clip`."""
        found = False
        for frame in self._from(start, number, on_broken):
            found = True
            yield frame
        if not found and start is None:
            raise PictureError(f"{self.path} has no frame that can be read.")

    def _from(self, start: Fraction | None, number: int, on_broken: OnBroken) -> Iterator[Frame]:
        with open_input(self.path) as container:
            stream = _picture_stream(container, self.path)
            frames = self._upright(container, stream, on_broken)
            if start is None:
                yield from _counted(frames, number)
                return
            _seek(container, stream, start)
            first = next(frames, None)
            if first is not None and first.time <= start:
                yield from _counted(_since(start, _chained(first, frames)), number)
                return
        # The file has no usable index: from the beginning then.
        with open_input(self.path) as container:
            stream = _picture_stream(container, self.path)
            frames = self._upright(container, stream, on_broken)
            yield from _counted(_since(start, frames), number)

    def _upright(self, container: Any, stream: Any, on_broken: OnBroken) -> Iterator[Frame]:
        """Frames with sRGB pixels and strictly growing times."""
        reformatter = av().video.reformatter.VideoReformatter()
        unit = Fraction(stream.time_base)
        usual = 1 / _rate(stream)
        last: Fraction | None = None
        size: tuple[int, int] | None = None
        for number, frame in enumerate(self._decoded(container, stream, on_broken)):
            if frame is None:
                continue
            time = frame.pts * unit if frame.pts is not None else (last + usual if last is not None else None)
            if time is None:
                time = Fraction(0)
            if last is not None and time <= last:
                time = last + unit
            alpha = has_alpha(frame.format.name)
            samples = upright(to_bytes(frame, reformatter, alpha), turn_of(frame))
            if size is not None and samples.shape[:2] != size:
                raise PictureError(
                    f"{self.path} changes its size from {size[1]} × {size[0]} to {samples.shape[1]} × "
                    f"{samples.shape[0]} pixels on the way; cut it there and paint the parts by themselves."
                )
            size, last = (samples.shape[0], samples.shape[1]), time
            pixels = np.ascontiguousarray(samples[..., :3])
            yield Frame(pixels, time, number, np.ascontiguousarray(samples[..., 3]) if alpha else None)

    def _decoded(self, container: Any, stream: Any, on_broken: OnBroken) -> Iterator[Any]:
        """Decoded frames; none in the place of one that cannot be read."""
        package = av()
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = DECODER_THREADS
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except package.FFmpegError as error:  # a file that was cut off
                on_broken(f"{self.path} cannot be read to its end: {reason(error)}.")
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except package.FFmpegError as error:
                on_broken(
                    f"{self.path}: a frame{_at(packet)} cannot be read ({reason(error)}); it is left out."
                )
                yield None
                continue
            for frame in frames:
                if frame.is_corrupt:
                    on_broken(f"{self.path}: a frame{_at(frame)} is damaged; it is left out.")
                    yield None
                else:
                    yield frame


def _at(thing: Any) -> str:
    """`` at 3.20 s``"""
    if thing.pts is None or thing.time_base is None:
        return ""
    return f" at {float(thing.pts * thing.time_base):.2f} s"


def _picture_stream(container: Any, path: Path) -> Any:
    """The largest stream of moving pictures; a cover on a piece of music is none."""
    attached = av().stream.Disposition.attached_pic
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & attached and stream.codec_context is not None
    ]
    if not streams:
        what = "only sound" if container.streams.audio else "no pictures"
        raise PictureError(f"{path} holds {what}; a film is needed.")
    return max(streams, key=lambda stream: stream.width * stream.height)


def _rate(stream: Any) -> Fraction:
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    return Fraction(rate) if rate else USUAL_RATE


def _described(path: Path, container: Any, stream: Any, first: Any) -> ClipInfo:
    seconds = None
    if stream.duration:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration:
        seconds = container.duration / 1e6
    rate = _rate(stream)
    count = stream.frames or (round(seconds * float(rate)) if seconds else None)
    turned = turn_of(first)[0] % 2 == 1
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    width, height = first.width, first.height
    curve = HIGH_DYNAMIC_RANGE.get(int(stream.codec_context.color_trc or 0))
    notes = []
    if curve is not None:
        notes.append(f"the film has a high dynamic range ({curve}); its colours stay as they stand, pale")
    if first.interlaced_frame:
        notes.append("the film is interlaced; the combs at moving edges will be painted too")
    return ClipInfo(
        str(path),
        height if turned else width,
        width if turned else height,
        rate,
        count,
        seconds,
        Fraction(stream.time_base),
        1 / aspect if turned else aspect,
        sound=bool(container.streams.audio),
        alpha=has_alpha(first.format.name),
        notes=tuple(notes),
    )


def _seek(container: Any, stream: Any, start: Fraction) -> None:
    try:
        container.seek(int(start / Fraction(stream.time_base)), stream=stream)
    except av().FFmpegError:
        # Left where it is, at the beginning; what comes before ``start`` is dropped as it is decoded.
        return


def _chained(first: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    yield from rest


def _since(start: Fraction, frames: Iterator[Frame]) -> Iterator[Frame]:
    return (frame for frame in frames if frame.time >= start)


def _counted(frames: Iterator[Frame], number: int) -> Iterator[Frame]:
    """Numbered so that the first has ``number``."""
    offset: int | None = None
    for frame in frames:
        offset = number - frame.number if offset is None else offset
        yield replace(frame, number=frame.number + offset)
