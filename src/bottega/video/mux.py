"""Joining video segments and the source's audio into one file, without encoding the video again."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bottega.errors import OutputError, PictureError
from bottega.files import atomic_write, check_output_path
from bottega.video.clip import OnMessage, ignore
from bottega.video.encoding import container_format
from bottega.video.pyav import av, error_reason, open_input, open_output

_RECIPE_TAG = "comment"
_RECIPE_PREFIX = "bottega recipe: "

_AUDIO_ENCODERS = {"mp4": "aac", "mov": "aac", "matroska": "libopus", "webm": "libopus"}
_COPIED_AUDIO = {
    "mp4": {"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"},
    "mov": {"aac", "mp3", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_f32le"},
    "webm": {"opus", "vorbis"},
}
"""Audio codecs that each format can hold; Matroska holds them all."""

_TimedPacket = tuple[float, int, Any]
"""Seconds, index of the track (which decides between equal times), packet."""


def mux(
    segments: Sequence[Path],
    target: Path,
    *,
    audio: Path | None = None,
    recipe: Mapping[str, Any] | None = None,
    on_note: OnMessage = ignore,
) -> Path:
    """Write ``target`` completely or not at all.

    Args:
        segments: in order, of one encoding; their times continue from one to the next.
        audio: a video file whose audio is added: copied where the format can hold it, else encoded again.
        recipe: goes into the file's metadata.
        on_note: called with what was changed.

    Raises:
        OutputError: the file cannot be written.
        PictureError: a segment is damaged.
    """
    kind = container_format(target)
    check_output_path(target)
    try:
        with atomic_write(target) as temporary, ExitStack() as stack:
            options = {"movflags": "faststart"} if kind in ("mp4", "mov") else {}
            output = stack.enter_context(open_output(temporary, format=kind, options=options))
            if recipe is not None:
                output.metadata[_RECIPE_TAG] = _RECIPE_PREFIX + json.dumps(recipe, ensure_ascii=False)
            tracks = [_video_packets(segments, output, stack)]
            if audio is not None:
                tracks += _audio_tracks(audio, output, kind, stack, on_note)
            for _, _, packet in heapq.merge(*tracks, key=lambda timed: timed[:2]):
                output.mux(packet)
    except (OutputError, PictureError):
        raise
    except (av().FFmpegError, OSError, ValueError) as error:
        raise OutputError(f"{target} cannot be written: {error_reason(error)}.") from None
    return target


def read_recipe(path: Path) -> dict[str, Any] | None:
    """The recipe inside a video file, or None.

    Raises:
        PictureError: the file is not a video file.
    """
    with open_input(path) as container:
        for key, text in container.metadata.items():
            if key.lower() == _RECIPE_TAG and text.startswith(_RECIPE_PREFIX):
                recipe = json.loads(text.removeprefix(_RECIPE_PREFIX))
                return recipe if isinstance(recipe, dict) else None
    return None


def _video_packets(segments: Sequence[Path], output: Any, stack: ExitStack) -> Iterator[_TimedPacket]:
    # The stream must exist before the first packet of any track is written, so this is not a generator.
    first = stack.enter_context(open_input(segments[0]))
    template = first.streams.video[0]
    stream = output.add_stream_from_template(template, opaque=True)
    stream.time_base = template.time_base
    extradata = template.codec_context.extradata

    def packets() -> Iterator[_TimedPacket]:
        for path in segments:
            with open_input(path) as container:
                source = container.streams.video[0]
                if source.codec_context.extradata != extradata:
                    raise PictureError(f"{path} has another encoding than the segments before it.")
                for packet in container.demux(source):
                    if packet.dts is None:
                        continue
                    packet.stream = stream
                    yield float(packet.dts * packet.time_base), 0, packet

    return packets()


def _audio_tracks(
    path: Path, output: Any, kind: str, stack: ExitStack, on_note: OnMessage
) -> list[Iterator[_TimedPacket]]:
    """One track for each audio stream. Each opens the file by itself, so that none waits in memory."""
    tracks = []
    container = stack.enter_context(open_input(path))
    for index, source in enumerate(container.streams.audio):
        if source.codec_context is None:
            on_note(f"{path}: audio track {index + 1} has an unknown format and is left out")
            continue
        codec = source.codec_context.name
        own_container = stack.enter_context(open_input(path))
        own_source = own_container.streams.audio[index]
        if kind not in _COPIED_AUDIO or codec in _COPIED_AUDIO[kind]:
            stream = output.add_stream_from_template(own_source, opaque=True)
            tracks.append(_copied_packets(own_container, own_source, stream, index))
        else:
            encoder = _AUDIO_ENCODERS[kind]
            on_note(f"the audio ({codec}) is encoded again as {encoder.removeprefix('lib')}")
            # Opus supports few sample rates; other encoders keep the source's.
            rate = 48000 if encoder == "libopus" else own_source.rate
            stream = output.add_stream(encoder, rate=rate)
            stream.codec_context.layout = own_source.layout.name
            tracks.append(_encoded_packets(own_container, own_source, stream, rate, index))
    return tracks


def _copied_packets(container: Any, source: Any, stream: Any, index: int) -> Iterator[_TimedPacket]:
    previous: int | None = None
    for packet in container.demux(source):
        if packet.dts is None or (previous is not None and packet.dts <= previous):
            continue
        previous = packet.dts
        seconds = float(packet.dts * packet.time_base)
        packet.stream = stream
        yield seconds, index + 1, packet


def _encoded_packets(
    container: Any, source: Any, stream: Any, rate: int, index: int
) -> Iterator[_TimedPacket]:
    def timed(packets: Sequence[Any]) -> Iterator[_TimedPacket]:
        for packet in packets:
            yield float((packet.dts or 0) * packet.time_base), index + 1, packet

    package = av()
    resampler = package.AudioResampler(
        format=stream.codec_context.format.name, layout=source.layout.name, rate=rate
    )
    # Encoders need frames of one length, which the queue cuts.
    queue = package.audio.fifo.AudioFifo()
    size = 0
    for frame in _resampled_frames(container, source, resampler):
        queue.write(frame)
        if size == 0:
            stream.codec_context.open(strict=False)
            size = stream.codec_context.frame_size or 1024
        while (part := queue.read(size)) is not None:
            yield from timed(stream.encode(part))
    if size:
        rest = queue.read(0, True)
        if rest is not None:
            yield from timed(stream.encode(rest))
        yield from timed(stream.encode(None))


def _resampled_frames(container: Any, source: Any, resampler: Any) -> Iterator[Any]:
    package = av()
    for packet in container.demux(source):
        try:
            frames = packet.decode()
        except package.FFmpegError:
            continue  # a gap in the audio, which its times show
        for frame in frames:
            yield from resampler.resample(frame)
    yield from resampler.resample(None)
