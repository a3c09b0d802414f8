"""Sound, subtitles and titles of a source film: what a new file can hold is decided before any painting."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from bottega.video.encoding import container_format
from bottega.video.pyav import av, error_reason, open_input

_AUDIO_ENCODERS = {"mp4": "aac", "mov": "aac", "matroska": "libopus", "webm": "libopus"}
_COPIED_AUDIO = {
    "mp4": {"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"},
    "mov": {"aac", "mp3", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_f32le"},
    "webm": {"opus", "vorbis"},
}
"""Audio codecs that each format can hold; Matroska holds them all."""

_COPIED_SUBTITLES = {
    "mp4": {"mov_text"},
    "mov": {"mov_text"},
    "matroska": {"subrip", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"},
    "webm": {"webvtt"},
}
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""What a number of channels means where the file does not say it."""

_MAX_AAC_RATE, _OPUS_RATE = 96000, 48000
_BITS_PER_CHANNEL = 96000  # per second
_TRIAL_SECONDS = 1
_TITLES = (
    *("title", "artist", "author", "album", "album_artist", "composer", "genre", "date", "copyright"),
    *("description", "synopsis", "show", "episode_id", "season_number", "episode_sort", "network"),
)
_OTHER_KINDS = {"attachment": "attachment", "data": "data track", "video": "video track"}

TimedPacket = tuple[float, int, Any]
"""Seconds, index of the track (which decides between equal times), packet."""


@dataclass(frozen=True)
class Track:
    """A track that is kept.

    Attributes:
        stream: index of the stream in the source.
        name: for messages.
        encoder: FFmpeg's name; None copies the track.
        layout, rate: of the encoded sound.
    """

    stream: int
    name: str
    encoder: str | None = None
    layout: str = ""
    rate: int = 0


@dataclass(frozen=True)
class SourceTracks:
    """What a new file takes from a source film besides the pictures.

    Attributes:
        path: of the source.
        tracks: sound and subtitles that are kept.
        titles: metadata of the whole file.
        chapters: of the whole file, as PyAV describes them.
        notes: what is changed or left out, one sentence each.
    """

    path: Path
    tracks: tuple[Track, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    chapters: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()


def plan_tracks(path: Path, target: Path) -> SourceTracks:
    """Decide what ``target`` takes from the film ``path``, by writing the first second of each track.

    Tracks are copied where the format can hold them. Sound is encoded again where it cannot.

    Raises:
        PictureError: ``path`` is not a video file.
        OutputError: ``target`` is not a video file.
    """
    kind, suffix = container_format(target), target.suffix.lower()
    tracks, notes, left_out = [], [], []
    with open_input(path) as container:
        titles = {key.lower(): text for key, text in container.metadata.items() if key.lower() in _TITLES}
        chapters = tuple(container.chapters())
        main_video = max(container.streams.video, key=lambda one: one.width * one.height, default=None)
        for source in container.streams:
            if source.type == "audio":
                track, note = _plan_audio(path, source, kind, suffix)
                tracks += [track] if track else []
                notes += [note] if note else []
            elif source.type == "subtitle":
                name, codec = _track_name(source), _codec_name(source)
                if codec in _COPIED_SUBTITLES[kind] and not _trial(path, Track(source.index, name), kind):
                    tracks.append(Track(source.index, name))
                else:
                    left_out.append(name)
            elif source is not main_video:
                left_out.append(_track_name(source))
    if left_out:
        notes.append(f"{suffix} files cannot take everything from {path}; left out: {', '.join(left_out)}.")
    return SourceTracks(path, tuple(tracks), titles, chapters, tuple(notes))


def _plan_audio(path: Path, source: Any, kind: str, suffix: str) -> tuple[Track | None, str]:
    """(track, note): the first of copying and the ways to encode that works."""
    name, codec = _track_name(source), _codec_name(source)
    if source.codec_context is None:
        return None, f"{path}: the {name} has an unknown format; it is left out."
    reason = ""
    if kind not in _COPIED_AUDIO or codec in _COPIED_AUDIO[kind]:
        reason = _trial(path, Track(source.index, name), kind)
        if not reason:
            return Track(source.index, name), ""
    encoder = _AUDIO_ENCODERS[kind]
    channels = source.layout.nb_channels
    layouts = [source.layout.name] if "channels" not in source.layout.name else []
    layouts = list(dict.fromkeys([*layouts, _LAYOUTS.get(channels, "stereo"), "stereo"]))
    # Opus supports few sample rates; AAC keeps the source's.
    rate = _OPUS_RATE if encoder == "libopus" or source.rate > _MAX_AAC_RATE else source.rate
    for layout in layouts:
        track = Track(source.index, name, encoder, layout, rate)
        reason = _trial(path, track, kind)
        if not reason:
            note = f"{path}: the {name} is encoded again as {encoder.removeprefix('lib').upper()}"
            if av().AudioLayout(layout).nb_channels < channels:
                note += f", with {layout} sound instead of {channels} channels"
            return track, f"{note}, because {suffix} files cannot hold it as it is."
    return None, f"{path}: the {name} cannot be kept ({reason}); the film is written without it."


def _trial(path: Path, track: Track, kind: str) -> str:
    """Write the beginning of a track into memory; returns why that fails, or nothing."""
    count = 0
    try:
        with ExitStack() as stack, av().open(io.BytesIO(), "w", format=kind) as output:
            packets = add_track(path, track, output, 1, stack)
            output.start_encoding()
            if output.streams[0].type == "subtitle":
                return ""
            start: float | None = None
            for seconds, _, packet in packets:
                start = seconds if start is None else start
                if seconds > start + _TRIAL_SECONDS:
                    break
                output.mux(packet)
                count += 1
    except (av().FFmpegError, OSError, ValueError) as error:
        return error_reason(error)
    return "" if count else "nothing in it can be decoded"


def add_track(path: Path, track: Track, output: Any, index: int, stack: ExitStack) -> Iterator[TimedPacket]:
    """Add the stream of a track to ``output`` and return its packets.

    Each track opens the file by itself, so that no packet waits in memory.
    """
    container = stack.enter_context(open_input(path))
    source = container.streams[track.stream]
    if track.encoder is None:
        stream = output.add_stream_from_template(source, opaque=True)
        packets = _copied_packets(container, source, stream)
    else:
        layout = av().AudioLayout(track.layout)
        bit_rate = _BITS_PER_CHANNEL * layout.nb_channels
        stream = output.add_stream(track.encoder, rate=track.rate, bit_rate=bit_rate)
        stream.codec_context.layout = track.layout
        packets = _encoded_packets(container, source, stream)
    stream.metadata.update({
        key.lower(): text for key, text in source.metadata.items() if key.lower() in ("language", "title")
    })  # fmt: skip
    stream.disposition = source.disposition
    return ((seconds, index, packet) for seconds, packet in packets)


def _copied_packets(container: Any, source: Any, stream: Any) -> Iterator[tuple[float, Any]]:
    previous: int | None = None
    for packet in container.demux(source):
        if packet.size == 0:  # the end
            continue
        time = packet.pts if packet.dts is None else packet.dts
        if time is None or (previous is not None and time <= previous):
            continue
        packet.dts = previous = time
        seconds = float(time * packet.time_base)
        packet.stream = stream
        yield seconds, packet


def _encoded_packets(container: Any, source: Any, stream: Any) -> Iterator[tuple[float, Any]]:
    unit = Fraction(1, stream.codec_context.sample_rate)
    time: int | None = None
    for frame in chain(_resampled_frames(container, source, stream.codec_context), [None]):
        if frame is not None:
            if time is None:
                time = 0 if frame.pts is None else round(frame.pts * frame.time_base / unit)
            # Counted in samples: rounded times of the source would leave gaps of a sample.
            frame.pts, frame.time_base = time, unit
            time += frame.samples
        elif time is None:
            return
        for packet in stream.encode(frame):
            yield float((packet.dts or 0) * packet.time_base), packet


def _resampled_frames(container: Any, source: Any, context: Any) -> Iterator[Any]:
    """Frames for an encoder. Gaps in the times of the source are filled with silence."""
    package = av()
    resampler: Any = None
    properties = None
    for packet in container.demux(source):
        try:
            frames = packet.decode()
        except package.FFmpegError:
            continue  # a gap, which the next time shows
        for frame in frames:
            now = (frame.format.name, frame.layout.name, frame.sample_rate)
            if now != properties:
                if resampler is not None:
                    yield from resampler.resample(None)
                properties = now
                resampler = package.AudioResampler(
                    context.format.name, context.layout.name, context.sample_rate, options={"async": 1}
                )
            yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def _codec_name(source: Any) -> str:
    """The name of the format, not of one of its decoders."""
    return str(source.codec_context.codec.canonical_name) if source.codec_context is not None else ""


def _track_name(source: Any) -> str:
    """``sound (aac, eng)``"""
    kind = {"audio": "sound", "subtitle": "subtitles"}.get(source.type) or _OTHER_KINDS.get(
        source.type, f"{source.type} track"
    )
    details = [_codec_name(source), source.metadata.get("language", ""), source.metadata.get("filename", "")]
    details = [detail for detail in details if detail and detail != "und"]
    return f"{kind} ({', '.join(details)})" if details else kind
