"""Writing video files: containers and codecs, times, colours, sizes, segments, audio."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from bottega.errors import OutputError, PictureError
from bottega.video import ClipInfo, Frame, SegmentWriter, VideoFile, choose_encoding, mux, read_recipe
from tests.video.synthetic_clips import BLUE, RED, audio_format, packets_of, two_colors, write_video

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
        path = target.with_name(f"{target.stem}-{start:03d}.nut")
        with SegmentWriter(path, info, encoding) as writer:
            for frame in frames[start : start + per_segment]:
                writer.write(frame)
        paths.append(path)
    return paths


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "auto"), ("a.mov", "auto"), ("a.mkv", "auto"), ("a.webm", "auto"), ("a.mp4", "av1")],
)
def test_round_trip(tmp_path: Path, name: str, codec: str) -> None:
    target = tmp_path / name
    mux(write(target, codec=codec), target)
    clip = VideoFile(target)
    frames = list(clip.frames())
    assert [frame.time for frame in frames] == [Fraction(n, 25) for n in range(12)]
    assert (clip.info.width, clip.info.height) == (64, 48)
    np.testing.assert_allclose(frames[0].pixels[24, 5], BLUE, atol=4)
    np.testing.assert_allclose(frames[0].pixels[24, 50], RED, atol=4)


def test_color_tags(tmp_path: Path) -> None:
    mux(write(tmp_path / "a.mp4"), tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (int(context.colorspace), int(context.color_range)) == (6, 1)
        assert int(context.color_primaries) == 1


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_segments_join_without_a_seam(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    segments = write(target, 40, per_segment=15)
    assert len(segments) == 3
    mux(segments, target)
    frames = list(VideoFile(target).frames())
    assert [frame.time for frame in frames] == [Fraction(n, 25) for n in range(40)]
    bars = [int((frame.pixels[24, :, 2] > 125).argmax()) for frame in frames[:20]]
    assert np.abs(np.array(bars) - 2 * np.arange(20)).max() <= 1


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_odd_sizes(tmp_path: Path, name: str) -> None:
    info = replace(INFO, width=63, height=47)
    target = tmp_path / name
    mux(write(target, info=info), target)
    pixels = next(VideoFile(target).frames()).pixels
    assert pixels.shape[:2] == ((48, 64) if name == "a.mp4" else (47, 63))
    np.testing.assert_allclose(pixels[-1, -1], RED, atol=4)


def test_single_frame(tmp_path: Path) -> None:
    mux(write(tmp_path / "a.mp4", 1), tmp_path / "a.mp4")
    assert len(list(VideoFile(tmp_path / "a.mp4").frames())) == 1


def test_pixel_aspect(tmp_path: Path) -> None:
    info = replace(INFO, pixel_aspect=Fraction(4, 3))
    mux(write(tmp_path / "a.mkv", info=info), tmp_path / "a.mkv")
    assert VideoFile(tmp_path / "a.mkv").info.pixel_aspect == Fraction(4, 3)


@pytest.mark.parametrize(("name", "same"), [("a.mp4", True), ("a.mkv", True), ("a.webm", False)])
def test_audio_is_copied_where_possible(tmp_path: Path, name: str, same: bool) -> None:
    source = write_video(tmp_path / "source.mp4", two_colors(50), sound="aac")
    target, notes = tmp_path / name, list[str]()
    mux(write(target, 50), target, audio=source, on_note=notes.append)
    codec, seconds = audio_format(target)
    assert seconds == pytest.approx(2.0, abs=0.06)
    assert codec == ("aac" if same else "opus")
    assert bool(notes) == (not same)
    if same:
        assert packets_of(target, "audio") == packets_of(source, "audio")


def test_audio_and_video_are_interleaved(tmp_path: Path) -> None:
    source = write_video(tmp_path / "source.mp4", two_colors(100, 16, 64), sound="aac")
    target = tmp_path / "a.mkv"
    mux(write(target, 100, info=replace(INFO, height=16)), target, audio=source)
    with av.open(str(target)) as container:
        kinds = [p.stream.type for p in container.demux() if p.size]
    first_half = kinds[: len(kinds) // 2]
    assert 0.3 < first_half.count("audio") / kinds.count("audio") < 0.7


def test_recipe_in_the_metadata(tmp_path: Path) -> None:
    recipe = {"tool": "test", "name": 'Käthe "K" = 1;\n'}
    for name in ("a.mp4", "a.mkv", "a.webm", "a.mov"):
        mux(write(tmp_path / name), tmp_path / name, recipe=recipe)
        assert read_recipe(tmp_path / name) == recipe
    plain = write_video(tmp_path / "plain.mp4", two_colors(2))
    assert read_recipe(plain) is None


def test_failed_writes_leave_no_files(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    segments = write(target, 20, per_segment=10)
    segments[1].write_bytes(b"no film")
    with pytest.raises(PictureError):
        mux(segments, target)
    writer = SegmentWriter(tmp_path / "b.nut", INFO, choose_encoding(target))
    writer.write(Frame(two_colors(1)[0], Fraction(0), 0))
    writer.abandon()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-000.nut", "a-010.nut"]


def test_invalid_outputs_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="video is written as"):
        choose_encoding(tmp_path / "a.avi")
    with pytest.raises(OutputError, match=r"\.webm file can hold vp9 or av1"):
        choose_encoding(tmp_path / "a.webm", "h264")
    with pytest.raises(OutputError):
        mux(write(tmp_path / "a.mp4"), tmp_path / "nowhere" / "a.mp4")


def test_higher_quality_takes_more_bytes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    for name in ("a.mp4", "a.webm"):
        sizes = []
        for quality in (20, 60, 100):
            path = tmp_path / f"{quality}-{name}.nut"
            with SegmentWriter(path, INFO, choose_encoding(tmp_path / name, quality=quality)) as writer:
                writer.write(Frame(noise, Fraction(0), 0))
            sizes.append(path.stat().st_size)
        assert sizes == sorted(sizes)
        assert sizes[0] * 1.5 < sizes[2]
