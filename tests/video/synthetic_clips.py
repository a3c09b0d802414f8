"""Clips with known pixels, written with PyAV alone, independent of the code under test."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

RED, BLUE, GRAY = (200, 60, 30), (30, 90, 220), (128, 128, 128)


def two_colors(count: int, height: int = 48, width: int = 64) -> list[NDArray[np.uint8]]:
    """A red field into which a blue bar moves, two pixels per frame."""
    frames = []
    for number in range(count):
        frame = np.full((height, width, 3), RED, np.uint8)
        frame[:, 2 * number : 2 * number + 16] = BLUE
        frames.append(frame)
    return frames


def write_video(
    path: Path,
    frames: Sequence[NDArray[np.uint8]],
    *,
    codec: str = "libx264",
    format: str = "yuv444p",
    times: Sequence[Fraction] | None = None,
    rate: int = 25,
    matrix: int = 5,
    tag: int = 6,
    full: bool = False,
    sound: str | None = None,
    turned: float = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """A film; ``matrix`` as the scaler calls it, ``tag`` as the file does (2 says nothing)."""
    times = [Fraction(number, rate) for number in range(len(frames))] if times is None else times
    unit = Fraction(1, 90000)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or {"crf": "1"})
        stream.width, stream.height = frames[0].shape[1], frames[0].shape[0]
        stream.pix_fmt = format
        context = stream.codec_context
        context.time_base = unit
        context.colorspace, context.color_range = tag, (2 if full else 1)
        if turned:
            stream.set_display_rotation(turned)
        music = None
        if sound is not None:
            music = container.add_stream(sound, rate=48000)
            music.codec_context.layout = "stereo"
        for pixels, time in zip(frames, times, strict=True):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.color_range = 2
            frame = frame.reformat(
                format=format, dst_colorspace=matrix, dst_color_range=2 if full else 1, interpolation=0x42002
            )
            frame.colorspace, frame.color_range = tag, (2 if full else 1)
            frame.pts, frame.time_base = round(time / unit), unit
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if music is not None:
            add_tone(container, music, float(times[-1]) + 1 / rate)
    return path


def write_transparent_video(path: Path, frames: Sequence[NDArray[np.uint8]], codec: str, format: str) -> Path:
    """A film of frames ``(H, W, 4)`` at 25 per second."""
    with av.open(str(path), "w") as container:
        options = {"auto-alt-ref": "0", "crf": "10", "b": "0"} if codec.startswith("libvpx") else {}
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = frames[0].shape[1], frames[0].shape[0], format
        for number, samples in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(samples, format="rgba").reformat(format=format)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def add_tone(container: Any, stream: Any, seconds: float) -> None:
    """A 440 Hz sine."""
    size = stream.codec_context.frame_size or 1024
    for start in range(0, int(seconds * 48000), size):
        phase = np.arange(start, start + size) * (2 * np.pi * 440 / 48000)
        layout = stream.codec_context.format.name
        wave = (np.sin(phase) * 0.3).astype(np.float32)
        if layout.startswith("s16"):
            wave = (wave * 32767).astype(np.int16)
        samples = np.stack([wave, wave]) if layout.endswith("p") else np.stack([wave, wave], 1).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format=layout, layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def audio_format(path: Path) -> tuple[str, float]:
    """Codec and length in seconds of a film's sound."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        rate = stream.rate
        samples = sum(frame.samples for frame in container.decode(stream))
        return stream.codec_context.name, samples / rate


def packets_of(path: Path, kind: str) -> list[bytes]:
    """The compressed pieces of a stream: equal where they were copied."""
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def write_sound(
    path: Path,
    codec: str,
    *,
    rate: int = 48000,
    layout: str = "stereo",
    seconds: float = 2.0,
    delay: float = 0.0,
    gap: tuple[float, float] | None = None,
    language: str | None = None,
    frames: Sequence[NDArray[np.uint8]] | None = None,
) -> Path:
    """A film at 25 frames per second with a 440 Hz sine.

    Args:
        delay: seconds before the sound starts.
        gap: (start, end) in seconds of the sound that is missing.
    """
    frames = two_colors(round(seconds * 25)) if frames is None else frames
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4" if path.suffix == ".avi" else "libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = frames[0].shape[1], frames[0].shape[0], "yuv420p"
        sound = container.add_stream(codec, rate=rate)
        sound.codec_context.layout = layout
        if language is not None:
            sound.metadata["language"] = language
        container.start_encoding()
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        size = sound.codec_context.frame_size or 1024
        format = sound.codec_context.format
        channels = sound.codec_context.layout.nb_channels
        for start in range(0, int((seconds - delay) * rate), size):
            if gap is not None and gap[0] <= start / rate < gap[1]:
                continue
            wave = np.sin(np.arange(start, start + size) * (2 * np.pi * 440 / rate)) * 0.3
            kind = {"s16": np.int16, "s32": np.int32}.get(format.name[:3], np.float32)
            scale = 1 if kind is np.float32 else np.iinfo(kind).max
            samples = np.repeat((wave * scale).astype(kind)[None], channels, 0)
            if not format.is_planar:
                samples = samples.T.reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format.name, layout)
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = start + round(delay * rate)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def has_sound_by_step(path: Path, step: float = 0.1) -> list[bool]:
    """Whether there is sound in each step of a video, from time 0 on."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        loud: dict[int, float] = {}
        for frame in container.decode(stream):
            samples = np.abs(frame.to_ndarray().astype(np.float64))
            scale = 32768 if frame.format.name.startswith("s16") else 1
            values = samples.max(0) / scale if frame.format.is_planar else samples.ravel() / scale
            step_of = float(frame.pts * frame.time_base) + np.arange(len(values)) / len(values) * (
                frame.samples / frame.sample_rate
            )
            for index in np.unique((step_of / step).astype(int)):
                part = values[(step_of / step).astype(int) == index]
                loud[int(index)] = max(loud.get(int(index), 0.0), float(np.median(part)))
    return [loud.get(index, 0.0) > 0.05 for index in range(max(loud) + 1)]
