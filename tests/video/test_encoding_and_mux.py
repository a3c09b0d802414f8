"""Writing video files: containers and codecs, times, colours, sizes, segments, audio."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from bottega.errors import OutputError, PictureError
from bottega.video import (
    ClipInfo,
    Frame,
    SegmentWriter,
    VideoFile,
    choose_encoding,
    mux,
    plan_tracks,
    read_recipe,
)
from tests.video.synthetic_clips import (
    BLUE,
    RED,
    add_tone,
    audio_format,
    has_sound_by_step,
    packets_of,
    two_colors,
    write_sound,
    write_video,
)

INFO = ClipInfo("test", 64, 48, Fraction(25), 12, 0.48, Fraction(1, 1000))


def write(
    target: Path, count: int = 12, *, per_segment: int = 12, codec: str = "auto", info: ClipInfo = INFO
) -> list[Path]:
    """The two colours as segments."""
    encoding = choose_encoding(target, codec)
    frames = [
        Frame(pixels, Fraction(number, 25), number)
        for number, pixels in enumerate(two_colors(count, info.height, info.width))
    ]
    paths = []
    for start in range(0, count, per_segment):
        path = target.with_name(f"{target.stem}-{start:03d}.segment")
        with SegmentWriter(path, info, encoding) as writer:
            for frame in frames[start : start + per_segment]:
                writer.write(frame)
        paths.append(path)
    return paths


def join(segments: list[Path], target: Path, *, source: Path | None = None, **options: Any) -> list[str]:
    """Join segments at 25 frames per second; returns the notes."""
    notes: list[str] = []
    tracks = None if source is None else plan_tracks(source, target)
    notes += [] if tracks is None else tracks.notes
    count = 0
    for segment in segments:
        try:
            count += len(packets_of(segment, "video"))
        except av.FFmpegError:
            count += 1
    options = {"frame_count": count, "frame_rate": Fraction(25), **options}
    mux(segments, target, source=tracks, on_note=notes.append, **options)
    return notes


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "auto"), ("a.mov", "auto"), ("a.mkv", "auto"), ("a.webm", "auto"), ("a.mp4", "av1")],
)
def test_round_trip(tmp_path: Path, name: str, codec: str) -> None:
    target = tmp_path / name
    join(write(target, codec=codec), target)
    clip = VideoFile(target)
    frames = list(clip.frames())
    assert [frame.time for frame in frames] == [Fraction(n, 25) for n in range(12)]
    assert (clip.info.width, clip.info.height) == (64, 48)
    np.testing.assert_allclose(frames[0].pixels[24, 5], BLUE, atol=4)
    np.testing.assert_allclose(frames[0].pixels[24, 50], RED, atol=4)


def test_color_tags(tmp_path: Path) -> None:
    join(write(tmp_path / "a.mp4"), tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (int(context.colorspace), int(context.color_range)) == (6, 1)
        assert int(context.color_primaries) == 1


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_segments_join_without_a_seam(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    segments = write(target, 40, per_segment=15)
    assert len(segments) == 3
    join(segments, target)
    frames = list(VideoFile(target).frames())
    assert [frame.time for frame in frames] == [Fraction(n, 25) for n in range(40)]
    bars = [int((frame.pixels[24, :, 2] > 125).argmax()) for frame in frames[:20]]
    assert np.abs(np.array(bars) - 2 * np.arange(20)).max() <= 1


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_odd_sizes(tmp_path: Path, name: str) -> None:
    info = replace(INFO, width=63, height=47)
    target = tmp_path / name
    join(write(target, info=info), target)
    pixels = next(VideoFile(target).frames()).pixels
    assert pixels.shape[:2] == ((48, 64) if name == "a.mp4" else (47, 63))
    np.testing.assert_allclose(pixels[-1, -1], RED, atol=4)


def test_single_frame(tmp_path: Path) -> None:
    join(write(tmp_path / "a.mp4", 1), tmp_path / "a.mp4")
    assert len(list(VideoFile(tmp_path / "a.mp4").frames())) == 1


def test_pixel_aspect(tmp_path: Path) -> None:
    info = replace(INFO, pixel_aspect=Fraction(4, 3))
    join(write(tmp_path / "a.mkv", info=info), tmp_path / "a.mkv")
    assert VideoFile(tmp_path / "a.mkv").info.pixel_aspect == Fraction(4, 3)


@pytest.mark.parametrize(("name", "same"), [("a.mp4", True), ("a.mkv", True), ("a.webm", False)])
def test_audio_is_copied_where_possible(tmp_path: Path, name: str, same: bool) -> None:
    source = write_video(tmp_path / "source.mp4", two_colors(50), sound="aac")
    target = tmp_path / name
    notes = join(write(target, 50), target, source=source)
    codec, seconds = audio_format(target)
    assert seconds == pytest.approx(2.0, abs=0.06)
    assert codec == ("aac" if same else "opus")
    assert bool(notes) == (not same)
    if same:
        assert packets_of(target, "audio") == packets_of(source, "audio")


def test_audio_and_video_are_interleaved(tmp_path: Path) -> None:
    source = write_video(tmp_path / "source.mp4", two_colors(100, 16, 64), sound="aac")
    target = tmp_path / "a.mkv"
    join(write(target, 100, info=replace(INFO, height=16)), target, source=source)
    with av.open(str(target)) as container:
        kinds = [p.stream.type for p in container.demux() if p.size]
    first_half = kinds[: len(kinds) // 2]
    assert 0.3 < first_half.count("audio") / kinds.count("audio") < 0.7


@pytest.mark.parametrize("count", [1, 2, 6, 7, 8, 14])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm"])
def test_segments_of_any_length_keep_their_frames(tmp_path: Path, name: str, count: int) -> None:
    # FFmpeg's demuxer gives no times of decoding to the packets of an H.264 segment of 7 frames.
    join(write(tmp_path / name, 2 * count, per_segment=count), tmp_path / name)
    frames = list(VideoFile(tmp_path / name).frames())
    assert [frame.time for frame in frames] == [Fraction(n, 25) for n in range(2 * count)]
    assert VideoFile(tmp_path / name).info.frame_rate == 25


def test_missing_frames_are_an_error(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    with pytest.raises(OutputError, match="12 of 13 frames"):
        join(write(target), target, frame_count=13)
    assert not target.exists()


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm"])
def test_last_frame_is_held(tmp_path: Path, name: str) -> None:
    join(write(tmp_path / name), tmp_path / name, last_duration=Fraction(3, 2))
    clip = VideoFile(tmp_path / name)
    assert clip.info.duration == pytest.approx(11 / 25 + 1.5, abs=2e-3)
    last = list(clip.frames())[-1]
    assert float(last.duration or 0) == pytest.approx(1.5, abs=2e-3)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_mp3_is_copied(tmp_path: Path, name: str) -> None:
    source = write_sound(tmp_path / "source.avi", "libmp3lame")
    assert join(write(tmp_path / name, 50), tmp_path / name, source=source) == []
    assert packets_of(tmp_path / name, "audio") == packets_of(source, "audio")


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.webm", "a.mkv"])
@pytest.mark.parametrize(
    ("source_name", "codec", "rate", "layout"),
    [
        ("source.avi", "pcm_s16le", 48000, "stereo"),
        ("source.mkv", "pcm_s16le", 44100, "stereo"),
        ("source.mkv", "pcm_s16le", 11025, "mono"),
        ("source.mkv", "pcm_s16le", 48000, "3 channels"),
        ("source.avi", "pcm_s16le", 48000, "6 channels"),
        ("source.mkv", "flac", 192000, "stereo"),
        ("source.mkv", "ac3", 48000, "5.1(side)"),
    ],
)
def test_sound_of_any_kind_is_kept(
    tmp_path: Path, name: str, source_name: str, codec: str, rate: int, layout: str
) -> None:
    source = write_sound(tmp_path / source_name, codec, rate=rate, layout=layout)
    notes = join(write(tmp_path / name, 50), tmp_path / name, source=source)
    assert audio_format(tmp_path / name)[1] == pytest.approx(2.0, abs=0.08)
    assert not any("without" in note for note in notes)


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_delays_and_gaps_of_encoded_sound_stay(tmp_path: Path, name: str) -> None:
    source = write_sound(tmp_path / "source.mkv", "pcm_s16le", rate=44100, delay=0.5, gap=(0.4, 0.8))
    join(write(tmp_path / name, 50), tmp_path / name, source=source)
    loud = has_sound_by_step(tmp_path / name)
    assert [step for step in (2, 3, 6, 7, 10, 11, 14, 15, 18) if loud[step]] == [6, 7, 14, 15, 18]


def test_sound_that_cannot_be_kept_is_left_out_with_a_note(tmp_path: Path) -> None:
    source = write_sound(tmp_path / "source.avi", "pcm_s16le")
    content = source.read_bytes()
    assert content.count(b"\x01\x00\x02\x00\x80\xbb\x00\x00") == 1
    # A codec that no one knows.
    source.write_bytes(content.replace(b"\x01\x00\x02\x00\x80\xbb", b"\x99\x77\x02\x00\x80\xbb"))
    notes = join(write(tmp_path / "a.mp4", 50), tmp_path / "a.mp4", source=source)
    assert len(list(VideoFile(tmp_path / "a.mp4").frames())) == 50
    assert not VideoFile(tmp_path / "a.mp4").info.has_audio
    assert any("sound" in note for note in notes)


def test_sound_that_fails_while_writing_is_left_out_with_a_note(tmp_path: Path) -> None:
    source, target, notes = write_sound(tmp_path / "source.mkv", "pcm_s16le"), tmp_path / "a.mp4", list[str]()
    tracks = plan_tracks(source, target)
    source.write_bytes(b"gone")
    segments = write(target, 50)
    mux(segments, target, frame_count=50, frame_rate=Fraction(25), source=tracks, on_note=notes.append)
    assert len(list(VideoFile(target).frames())) == 50
    assert len(notes) == 1
    assert "sound" in notes[0]


def write_subtitles(path: Path, language: str = "ger") -> Path:
    text = path.with_suffix(".srt")
    text.write_text("1\n00:00:00,000 --> 00:00:01,500\nGuten Tag\n\n")
    with av.open(str(text)) as subtitles, av.open(str(path), "w") as container:
        container.metadata["title"] = "A walk"
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sound = [container.add_stream("aac", rate=48000) for _ in range(2)]
        for track, name in zip(sound, ("eng", "fre"), strict=True):
            track.metadata.update({"language": name, "title": f"Sound {name}"})
        copied = container.add_stream_from_template(subtitles.streams.subtitles[0], opaque=True)
        copied.metadata["language"] = language
        container.start_encoding()
        for number, pixels in enumerate(two_colors(50)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        for track in sound:
            add_tone(container, track, 2.0)
        for packet in subtitles.demux():
            if packet.size:
                packet.stream = copied
                container.mux(packet)
    return path


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.webm"])
def test_subtitles_languages_and_titles(tmp_path: Path, name: str) -> None:
    source = write_subtitles(tmp_path / "source.mkv")
    notes = join(write(tmp_path / name, 50), tmp_path / name, source=source)
    with av.open(str(tmp_path / name)) as container:
        assert {key.lower(): text for key, text in container.metadata.items()}["title"] == "A walk"
        assert [stream.language for stream in container.streams.audio] == ["eng", "fre"]
        if name == "a.mkv":
            assert [stream.language for stream in container.streams.subtitles] == ["ger"]
            assert [bytes(p) for p in container.demux(subtitles=0) if p.size] == [b"Guten Tag"]
            assert not any("left out" in note for note in notes)
        else:
            assert any("left out: subtitles (subrip, ger)" in note for note in notes)


def test_recipe_in_the_metadata(tmp_path: Path) -> None:
    recipe = {"tool": "test", "name": 'Käthe "K" = 1;\n'}
    for name in ("a.mp4", "a.mkv", "a.webm", "a.mov"):
        join(write(tmp_path / name), tmp_path / name, recipe=recipe)
        assert read_recipe(tmp_path / name) == recipe
    plain = write_video(tmp_path / "plain.mp4", two_colors(2))
    assert read_recipe(plain) is None


def test_failed_writes_leave_no_files(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    segments = write(target, 20, per_segment=10)
    segments[1].write_bytes(b"no film")
    with pytest.raises(PictureError):
        join(segments, target)
    writer = SegmentWriter(tmp_path / "b.segment", INFO, choose_encoding(target))
    writer.write(Frame(two_colors(1)[0], Fraction(0), 0))
    writer.abandon()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-000.segment", "a-010.segment"]


def test_invalid_outputs_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="video is written as"):
        choose_encoding(tmp_path / "a.avi")
    with pytest.raises(OutputError, match=r"\.webm file can hold vp9 or av1"):
        choose_encoding(tmp_path / "a.webm", "h264")
    with pytest.raises(OutputError):
        join(write(tmp_path / "a.mp4"), tmp_path / "nowhere" / "a.mp4")


def test_higher_quality_takes_more_bytes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    for name in ("a.mp4", "a.webm"):
        sizes = []
        for quality in (20, 60, 100):
            path = tmp_path / f"{quality}-{name}.segment"
            with SegmentWriter(path, INFO, choose_encoding(tmp_path / name, quality=quality)) as writer:
                writer.write(Frame(noise, Fraction(0), 0))
            sizes.append(path.stat().st_size)
        assert sizes == sorted(sizes)
        assert sizes[0] * 1.5 < sizes[2]
