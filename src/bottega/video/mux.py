"""Putting segments and the sound of the source together, without encoding the pictures again."""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

from bottega.errors import OutputError, PictureError
from bottega.video.encoding import SOUND, SOUND_HELD, file_format
from bottega.video.pyav import av, open_input, open_output, reason

RECIPE_TAG = "comment"
RECIPE_MARK = "bottega recipe: "

Timed = tuple[float, int, Any]
"""Seconds, number of the track (which decides between equals), packet."""


def join(
    segments: Sequence[Path],
    target: Path,
    *,
    sound: Path | None = None,
    recipe: Mapping[str, Any] | None = None,
    on_note: Callable[[str], Any] = lambda sentence: None,
) -> Path:
    """Write ``target``, whole or not at all.

    Args:
        segments: in their order, of one encoding; their times go on from one to the next.
        sound: a film whose sound goes along, copied where the file can hold it and encoded anew elsewhere.
        recipe: goes into the file's metadata.
        on_note: told what had to be changed.

    Raises:
        OutputError: the file cannot be written.
        PictureError: a segment is damaged.
    """
    kind = file_format(target)
    temporary = target.with_name(f".{target.name}.part")
    try:
        with ExitStack() as stack:
            options = {"movflags": "faststart"} if kind in ("mp4", "mov") else {}
            output = stack.enter_context(open_output(temporary, format=kind, options=options))
            if recipe is not None:
                output.metadata[RECIPE_TAG] = RECIPE_MARK + json.dumps(recipe, ensure_ascii=False)
            tracks = [_pictures(segments, output, stack)]
            if sound is not None:
                tracks += _sounds(sound, output, kind, stack, on_note)
            for _, _, packet in heapq.merge(*tracks, key=lambda timed: timed[:2]):
                output.mux(packet)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except (av().FFmpegError, OSError, ValueError) as error:
        if isinstance(error, OutputError | PictureError):
            raise
        raise OutputError(f"{target} cannot be written: {reason(error)}.") from None
    finally:
        temporary.unlink(missing_ok=True)
    return target


def read_recipe(path: Path) -> dict[str, Any] | None:
    """The recipe inside a film, where there is one.

    Raises:
        PictureError: the file is no film.
    """
    with open_input(path) as container:
        for key, text in container.metadata.items():
            if key.lower() == RECIPE_TAG and text.startswith(RECIPE_MARK):
                found = json.loads(text.removeprefix(RECIPE_MARK))
                return found if isinstance(found, dict) else None
    return None


def _pictures(segments: Sequence[Path], output: Any, stack: ExitStack) -> Iterator[Timed]:
    first = stack.enter_context(open_input(segments[0]))
    template = first.streams.video[0]
    stream = output.add_stream_from_template(template, opaque=True)
    stream.time_base = template.time_base
    extradata = template.codec_context.extradata

    def packets() -> Iterator[Timed]:
        for path in segments:
            with open_input(path) as container:
                source = container.streams.video[0]
                if source.codec_context.extradata != extradata:
                    raise PictureError(f"{path} was encoded otherwise than the segments before it.")
                for packet in container.demux(source):
                    if packet.dts is None:
                        continue
                    packet.stream = stream
                    yield float(packet.dts * packet.time_base), 0, packet

    return packets()


def _sounds(
    path: Path, output: Any, kind: str, stack: ExitStack, on_note: Callable[[str], Any]
) -> list[Iterator[Timed]]:
    """One track for each stream of sound. Each reads the file by itself, so that none waits in memory."""
    tracks = []
    container = stack.enter_context(open_input(path))
    for index, source in enumerate(container.streams.audio):
        if source.codec_context is None:
            on_note(f"{path}: track {index + 1} of the sound has an unknown format and is left out")
            continue
        name = source.codec_context.name
        own = stack.enter_context(open_input(path))
        if kind not in SOUND_HELD or name in SOUND_HELD[kind]:
            stream = output.add_stream_from_template(own.streams.audio[index], opaque=True)
            tracks.append(_copied(own, index, stream))
        else:
            on_note(f"the sound ({name}) is encoded anew as {SOUND[kind].removeprefix('lib')}")
            tracks.append(_encoded(own, index, output, SOUND[kind]))
    return tracks


def _copied(container: Any, index: int, stream: Any) -> Iterator[Timed]:
    source = container.streams.audio[index]
    last: int | None = None
    for packet in container.demux(source):
        if packet.dts is None or (last is not None and packet.dts <= last):
            continue
        last = packet.dts
        seconds = float(packet.dts * packet.time_base)
        packet.stream = stream
        yield seconds, index + 1, packet


def _encoded(container: Any, index: int, output: Any, encoder: str) -> Iterator[Timed]:
    package = av()
    source = container.streams.audio[index]
    # Opus knows few rates; all else keeps its own.
    rate = 48000 if encoder == "libopus" else source.rate
    stream = output.add_stream(encoder, rate=rate)
    stream.codec_context.layout = source.layout.name
    resampler = package.AudioResampler(
        format=stream.codec_context.format.name, layout=source.layout.name, rate=rate
    )
    return _encoded_packets(container, source, stream, resampler, index)


def _encoded_packets(container: Any, source: Any, stream: Any, resampler: Any, index: int) -> Iterator[Timed]:
    package = av()
    # Encoders take frames of one length, which the queue cuts.
    queue = package.audio.fifo.AudioFifo()
    size = 0
    for frame in _resampled(container, source, resampler):
        queue.write(frame)
        if size == 0:
            stream.codec_context.open(strict=False)
            size = stream.codec_context.frame_size or 1024
        while (part := queue.read(size)) is not None:
            yield from _timed(stream.encode(part), index)
    rest = queue.read(0, True) if size else None
    if rest is not None:
        yield from _timed(stream.encode(rest), index)
    if size:
        yield from _timed(stream.encode(None), index)


def _resampled(container: Any, source: Any, resampler: Any) -> Iterator[Any]:
    package = av()
    for packet in container.demux(source):
        try:
            frames = packet.decode()
        except package.FFmpegError:
            continue  # a gap in the sound; its times show it
        for frame in frames:
            yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _timed(packets: Sequence[Any], index: int) -> Iterator[Timed]:
    for packet in packets:
        time = Fraction(packet.time_base) * (packet.dts if packet.dts is not None else 0)
        yield float(time), index + 1, packet
