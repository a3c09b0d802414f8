"""Folders of frames and animations, in and out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bottega.errors import OutputError, PictureError
from bottega.video import (
    Animation,
    AnimationWriter,
    ClipInfo,
    Frame,
    FrameFolder,
    FrameFolderWriter,
    is_animated,
)

COLORS = [(200, 60, 30), (30, 90, 220), (20, 160, 60), (240, 240, 240)]


def plain(color: tuple[int, int, int]) -> np.ndarray:
    return np.full((20, 30, 3), color, np.uint8)


def write_folder(folder: Path, numbers: list[int]) -> Path:
    folder.mkdir()
    for number, color in zip(numbers, COLORS, strict=False):
        Image.fromarray(plain(color)).save(folder / f"shot2-{number:04d}.png")
    return folder


def test_frames_are_ordered_by_number(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", [9, 10, 11, 100])
    (folder / "notes.txt").write_text("no frame")
    clip = FrameFolder(folder, Fraction(10))
    frames = list(clip.frames())
    assert [tuple(frame.pixels[0, 0]) for frame in frames] == COLORS
    assert [frame.time for frame in frames] == [Fraction(n, 10) for n in range(4)]
    assert (clip.info.frame_count, clip.info.frame_rate, clip.first_number) == (4, 10, 9)
    later = list(clip.frames(Fraction(2, 10), 2))
    assert [frame.index for frame in later] == [2, 3]


def test_unreadable_frame_is_replaced_by_the_one_before(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", [1, 2, 3, 4])
    (folder / "shot2-0002.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    messages: list[str] = []
    writer = FrameFolderWriter(tmp_path / "out", first=1)
    for frame in FrameFolder(folder).frames(on_unreadable=messages.append):
        writer.write(frame)
    assert len(messages) == 1
    assert "shot2-0002.png" in messages[0]
    written = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in written] == [f"{n:05d}.png" for n in (1, 2, 3, 4)]
    colors = [tuple(np.asarray(Image.open(path))[0, 0]) for path in written]
    assert colors == [COLORS[0], COLORS[0], COLORS[2], COLORS[3]]


def test_invalid_folders_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PictureError, match="no picture with a number"):
        next(FrameFolder(tmp_path / "empty").frames())
    twice = write_folder(tmp_path / "twice", [1, 2])
    Image.fromarray(plain(COLORS[0])).save(twice / "other-1.jpg")
    with pytest.raises(PictureError, match="two pictures with the number 1"):
        _ = FrameFolder(twice).info
    sizes = write_folder(tmp_path / "sizes", [1, 2])
    Image.new("RGB", (31, 20)).save(sizes / "shot2-0002.png")
    with pytest.raises(PictureError, match="31 × 20"):
        list(FrameFolder(sizes).frames())


def test_file_name_patterns(tmp_path: Path) -> None:
    writer = FrameFolderWriter(tmp_path / "out" / "a-%03d.jpg")
    writer.write(Frame(plain(COLORS[0]), Fraction(0), 0))
    assert (tmp_path / "out" / "a-000.jpg").exists()
    with pytest.raises(OutputError):
        FrameFolderWriter(tmp_path / "out" / "a-%03d.mp4")


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
@pytest.mark.parametrize("plays", [0, 1, 3])
def test_animation_durations_and_play_count(tmp_path: Path, suffix: str, plays: int) -> None:
    durations = [100, 40, 250, 70]
    info = ClipInfo("x", 30, 20, Fraction(8), 4, 0.46, Fraction(1, 1000), play_count=plays)
    path = tmp_path / f"a{suffix}"
    writer = AnimationWriter(path, info, quality=100)
    time = 0
    for number, (color, duration) in enumerate(zip(COLORS, durations, strict=True)):
        moment, length = Fraction(time, 1000), Fraction(duration, 1000)
        writer.write(Frame(plain(color), moment, number, duration=length))
        time += duration
    assert not path.exists()
    writer.close()
    assert is_animated(path)
    clip = Animation(path)
    frames = list(clip.frames())
    assert [int(frame.duration * 1000) for frame in frames if frame.duration] == durations
    assert clip.info.play_count == plays
    for frame, color in zip(frames, COLORS, strict=True):
        np.testing.assert_allclose(frame.pixels[5, 5], color, atol=2)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_animation_alpha(tmp_path: Path, suffix: str) -> None:
    alpha = np.zeros((20, 30), np.uint8)
    alpha[:, 10:] = 255
    info = ClipInfo("x", 30, 20, Fraction(10), 2, 0.2, Fraction(1, 1000), has_alpha=True)
    writer = AnimationWriter(tmp_path / f"a{suffix}", info, quality=100)
    for number in range(2):
        writer.write(Frame(plain(COLORS[number]), Fraction(number, 10), number, alpha))
    writer.close()
    frames = list(Animation(tmp_path / f"a{suffix}").frames())
    for frame, color in zip(frames, COLORS, strict=False):
        assert frame.alpha is not None
        np.testing.assert_array_equal(frame.alpha, alpha)
        np.testing.assert_allclose(frame.pixels[5, 15], color, atol=2)


def test_still_picture_is_not_animated(tmp_path: Path) -> None:
    Image.fromarray(plain(COLORS[0])).save(tmp_path / "a.gif")
    (tmp_path / "b.gif").write_bytes(b"GIF89a")
    assert not is_animated(tmp_path / "a.gif")
    assert not is_animated(tmp_path / "b.gif")
