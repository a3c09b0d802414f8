"""Reading video files: colours, times, orientation, bit depth, damage, and other files."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from bottega.errors import PictureError
from bottega.video import VideoFile, open_clip
from tests.video.synthetic_clips import BLUE, GRAY, RED, add_tone, packets_of, two_colors, write_video

BT709, BT601 = (1, 1), (5, 6)


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("colors", [BT709, BT601], ids=["709", "601"])
def test_colors(tmp_path: Path, colors: tuple[int, int], full: bool) -> None:
    path = write_video(tmp_path / "a.mp4", two_colors(3), matrix=colors[0], tag=colors[1], full=full)
    frame = next(VideoFile(path).frames())
    np.testing.assert_allclose(frame.pixels[24, 5], BLUE, atol=2)
    np.testing.assert_allclose(frame.pixels[24, 50], RED, atol=2)


@pytest.mark.parametrize(("height", "matrix"), [(48, 5), (720, 1)])
def test_default_color_matrix_depends_on_height(tmp_path: Path, height: int, matrix: int) -> None:
    frames = two_colors(1, height, 64)
    path = write_video(tmp_path / "a.mp4", frames, matrix=matrix, tag=2)
    np.testing.assert_allclose(next(VideoFile(path).frames()).pixels[height // 2, 50], RED, atol=2)


@pytest.mark.parametrize("format", ["yuv420p10le", "yuv422p10le", "yuv420p", "gray"])
def test_other_pixel_formats(tmp_path: Path, format: str) -> None:
    path = write_video(tmp_path / "a.mkv", [np.full((48, 64, 3), GRAY, np.uint8)] * 2, format=format)
    frame = next(VideoFile(path).frames())
    assert frame.pixels.dtype == np.uint8
    np.testing.assert_allclose(frame.pixels[10, 10], GRAY, atol=2)


def test_variable_frame_times(tmp_path: Path) -> None:
    times = [Fraction(n, 1000) for n in (0, 40, 45, 200, 1000, 1033)]
    clip = VideoFile(write_video(tmp_path / "a.mp4", two_colors(6), times=times))
    assert [frame.time for frame in clip.frames()] == times
    assert [frame.index for frame in clip.frames()] == list(range(6))
    assert clip.info.frame_count == 6


@pytest.mark.parametrize(("turned", "corner"), [(0, (0, 0)), (90, (1, 0)), (-90, (0, 1)), (180, (1, 1))])
def test_orientation(tmp_path: Path, turned: float, corner: tuple[int, int]) -> None:
    frame = np.full((48, 64, 3), RED, np.uint8)
    frame[:16, :16] = BLUE  # at the top left as it is stored
    path = write_video(tmp_path / "a.mp4", [frame, frame], turned=turned)
    clip = VideoFile(path)
    pixels = next(clip.frames()).pixels
    with av.open(str(path)) as container:  # FFmpeg's own reading of the matrix, counter-clockwise
        expected = np.rot90(frame, round(next(container.decode(video=0)).rotation / 90))
    assert pixels.shape == expected.shape
    assert (clip.info.height, clip.info.width) == pixels.shape[:2]
    np.testing.assert_allclose(pixels.astype(int), expected.astype(int), atol=3)
    blue = pixels[(0, -1)[corner[0]], (0, -1)[corner[1]]]
    np.testing.assert_allclose(blue, BLUE, atol=3)


def test_seeking(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", two_colors(30), options={"crf": "1", "g": "7"})
    whole = list(VideoFile(path).frames())
    for start in (0, 1, 13, 29):
        part = list(VideoFile(path).frames(whole[start].time, whole[start].index))
        assert [frame.index for frame in part] == list(range(start, 30))
        assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(whole[start:], part, strict=True))


def test_unreadable_frame_is_reported_and_left_out(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", two_colors(12), codec="mjpeg", format="yuvj420p", options={})
    content, packet = path.read_bytes(), packets_of(path, "video")[5]
    assert packet in content
    path.write_bytes(content.replace(packet, bytes(len(packet))))
    messages: list[str] = []
    frames = list(VideoFile(path).frames(on_unreadable=messages.append))
    assert len(messages) == 1
    assert "a.mkv" in messages[0]
    assert len(frames) == 11
    assert [frame.index for frame in frames] == [n for n in range(12) if n != 5]
    gaps = [b.time - a.time for a, b in pairwise(frames)]
    assert max(gaps) == 2 * min(gaps)  # the predecessor is shown for longer


def test_truncated_file(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", two_colors(30), options={"crf": "1", "g": "1", "bf": "0"})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    count = len(list(VideoFile(path).frames(on_unreadable=lambda sentence: None)))
    assert 10 < count < 30


def test_other_files_are_rejected(tmp_path: Path) -> None:
    empty, text = tmp_path / "empty.mp4", tmp_path / "text.mp4"
    empty.write_bytes(b"")
    text.write_text("This is a letter. " * 100)
    with pytest.raises(PictureError, match=r"empty\.mp4 is empty"):
        _ = VideoFile(empty).info
    with pytest.raises(PictureError, match=r"text\.mp4 cannot be read as a video"):
        _ = VideoFile(text).info
    with pytest.raises(PictureError, match=r"gone\.mp4 does not exist"):
        next(VideoFile(tmp_path / "gone.mp4").frames())


def test_audio_file_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        add_tone(container, container.add_stream("aac", rate=48000), 0.5)
    with pytest.raises(PictureError, match="only audio"):
        _ = open_clip(path).info
