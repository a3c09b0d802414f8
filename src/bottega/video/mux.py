"""Joining video segments and the source's tracks into one file, without encoding the video again."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

from bottega.errors import BottegaError, OutputError, PictureError
from bottega.files import atomic_write, check_output_path
from bottega.video.clip import OnMessage, ignore
from bottega.video.encoding import container_format
from bottega.video.pyav import av, error_reason, has_alpha_track, open_input, open_output
from bottega.video.tracks import SourceTracks, TimedPacket, Track, add_track

_RECIPE_TAG = "comment"
_RECIPE_PREFIX = "bottega recipe: "


class _TrackError(Exception):
    """A track cannot be written."""

    def __init__(self, track: Track, reason: str) -> None:
        super().__init__(reason)
        self.track = track


def mux(
    segments: Sequence[Path],
    target: Path,
    *,
    frame_count: int,
    frame_rate: Fraction,
    last_duration: Fraction | None = None,
    source: SourceTracks | None = None,
    recipe: Mapping[str, Any] | None = None,
    on_note: OnMessage = ignore,
) -> Path:
    """Write ``target`` completely or not at all.

    Args:
        segments: in order, of one encoding; their times continue from one to the next.
        frame_count: number of frames in all segments; the finished file must hold as many.
        frame_rate: frames per second, which the file states.
        last_duration: of the last frame in seconds; None is as long as the frame rate says.
        source: sound, subtitles and titles to add. A track that fails is left out.
        recipe: goes into the file's metadata.
        on_note: called for each track that is left out.

    Raises:
        OutputError: the file cannot be written, or would lack frames.
        PictureError: a segment is damaged.
    """
    kind = container_format(target)
    check_output_path(target)
    tracks = list(source.tracks) if source is not None else []
    while True:
        try:
            with atomic_write(target) as temporary:
                with ExitStack() as stack:
                    options = {"movflags": "faststart"} if kind in ("mp4", "mov") else {}
                    output = stack.enter_context(open_output(temporary, format=kind, options=options))
                    if source is not None:
                        output.metadata.update(source.titles)
                        output.set_chapters(list(source.chapters))
                    if recipe is not None:
                        output.metadata[_RECIPE_TAG] = _RECIPE_PREFIX + json.dumps(recipe, ensure_ascii=False)
                    video = _video_packets(segments, output, frame_rate, last_duration, stack)
                    _write(output, video, source, tracks, stack)
                _check_frame_count(temporary, target, frame_count)
            return target
        except BottegaError:
            raise
        except _TrackError as error:
            on_note(f"{target}: the {error.track.name} cannot be written ({error}); the film is without it.")
            tracks.remove(error.track)
        except (av().FFmpegError, OSError, ValueError) as error:
            if not tracks:
                raise OutputError(f"{target} cannot be written: {error_reason(error)}.") from None
            names = ", ".join(track.name for track in tracks)
            on_note(f"{target}: the film is written without {names} ({error_reason(error)}).")
            tracks = []


def _write(
    output: Any,
    video: Iterator[TimedPacket],
    source: SourceTracks | None,
    tracks: Sequence[Track],
    stack: ExitStack,
) -> None:
    packets = [video]
    for index, track in enumerate(tracks):
        assert source is not None
        try:
            packets.append(_checked(add_track(source.path, track, output, index + 1, stack), track))
        except (av().FFmpegError, PictureError, OSError, ValueError) as error:
            raise _TrackError(track, error_reason(error)) from None
    for _, index, packet in heapq.merge(*packets, key=lambda timed: timed[:2]):
        try:
            output.mux(packet)
        except (av().FFmpegError, ValueError) as error:
            if index == 0:
                raise
            raise _TrackError(tracks[index - 1], error_reason(error)) from None


def _checked(packets: Iterator[TimedPacket], track: Track) -> Iterator[TimedPacket]:
    """The same packets; errors name the track."""
    try:
        yield from packets
    except (av().FFmpegError, OSError, ValueError) as error:
        raise _TrackError(track, error_reason(error)) from None


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


def _video_packets(
    segments: Sequence[Path],
    output: Any,
    frame_rate: Fraction,
    last_duration: Fraction | None,
    stack: ExitStack,
) -> Iterator[TimedPacket]:
    # The stream must exist before the first packet of any track is written, so this is not a generator.
    first = stack.enter_context(open_input(segments[0]))
    template = first.streams.video[0]
    stream = output.add_stream_from_template(template, opaque=True)
    stream.time_base = template.time_base
    stream.codec_context.framerate = frame_rate  # else players and editors take the unit of time for it
    if has_alpha_track(template):
        stream.metadata["alpha_mode"] = "1"
    extradata = template.codec_context.extradata

    def packets() -> Iterator[TimedPacket]:
        waiting = None
        for path in segments:
            with open_input(path) as container:
                source = container.streams.video[0]
                if source.codec_context.extradata != extradata:
                    raise PictureError(f"{path} has another encoding than the segments before it.")
                for packet in container.demux(source):
                    if packet.size == 0:  # the end
                        continue
                    # The demuxer guesses the times of decoding and sometimes gives up. No frame refers to a
                    # later one, so they are the times of display.
                    packet.dts = packet.pts
                    if waiting is not None:
                        yield float(waiting.dts * waiting.time_base), 0, waiting
                    packet.stream = stream
                    waiting = packet
        if waiting is not None:
            duration = 1 / frame_rate if last_duration is None else last_duration
            waiting.duration = round(duration / waiting.time_base)
            yield float(waiting.dts * waiting.time_base), 0, waiting

    return packets()


def _check_frame_count(path: Path, target: Path, frame_count: int) -> None:
    """Count the frames in a finished file.

    Raises:
        OutputError: frames are missing.
    """
    with open_input(path) as container:
        stream = container.streams.video[0]
        count = sum(packet.size > 0 for packet in container.demux(stream))
    if count != frame_count:
        raise OutputError(
            f"{target} was not written: it would hold {count} of {frame_count} frames. "
            "Please report this; the same command tries again."
        )
