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
    assert (clip.info.frame_count, clip.info.frame_rate) == (4, 10)
    assert list(clip.files) == [9, 10, 11, 100]
    later = list(clip.frames(Fraction(2, 10), 2))
    assert [frame.index for frame in later] == [2, 3]


def test_unreadable_frame_is_replaced_by_the_one_before(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "in", [1, 2, 3, 4])
    (folder / "shot2-0002.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    messages: list[str] = []
    writer = FrameFolderWriter(tmp_path / "out", numbers=[1, 2, 3, 4])
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


def walk(path: Path, count: int, rate: Fraction, **options: object) -> tuple[list[Frame], list[str]]:
    """Write ``count`` frames that differ and read them again; returns (frames, notes)."""
    notes: list[str] = []
    info = ClipInfo("x", 30, 20, rate, count, None, 1 / rate)
    writer = AnimationWriter(path, info, on_note=notes.append)
    for number in range(count):
        pixels = plain(COLORS[0])
        pixels[:, number % 30] = COLORS[1]
        writer.write(Frame(pixels, number / rate, number))
    writer.close()
    return list(Animation(path).frames()), notes


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
@pytest.mark.parametrize(
    "rate", [Fraction(24), Fraction(30000, 1001), Fraction(50), Fraction(60), Fraction(240)]
)
def test_animations_keep_the_speed(tmp_path: Path, suffix: str, rate: Fraction) -> None:
    count = int(2 * rate)
    frames, notes = walk(tmp_path / f"a{suffix}", count, rate)
    durations = [frame.duration for frame in frames if frame.duration]
    assert float(sum(durations)) == pytest.approx(float(count / rate), abs=0.025)
    assert min(durations) >= Fraction(2 if suffix == ".gif" else 1, 100)
    for frame in frames:  # no frame is early or late by as much as a frame may last
        source = round(frame.time * rate)
        assert abs(frame.time - source / rate) < Fraction(2, 100)
    fits = rate <= (50 if suffix == ".gif" else 90)
    assert (len(frames) == count) == fits
    assert bool(notes) == (not fits)


def test_speed_of_webp_is_known_before_reading(tmp_path: Path) -> None:
    walk(tmp_path / "a.webp", 20, Fraction(25))
    assert Animation(tmp_path / "a.webp").info.frame_rate == 25
    assert Animation(tmp_path / "a.webp").info.duration == 0.8


def test_animations_are_upright_and_in_srgb(tmp_path: Path) -> None:
    from PIL import ImageCms

    profile = Path(str(tmp_path / "linear.icc"))
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for tag in (b"rTRC", b"gTRC", b"bTRC"):  # linear light instead of sRGB
        start = int.from_bytes(content[content.index(tag) + 4 : content.index(tag) + 8], "big")
        content[start : start + 12] = b"curv" + bytes(8)
    profile.write_bytes(content)
    pixels = np.full((20, 30, 3), 55, np.uint8)
    pixels[:10] = 0
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise
    frames = [Image.fromarray(pixels), Image.fromarray(pixels[:, ::-1] + np.uint8(1))]
    for suffix in (".webp", ".png"):
        path = tmp_path / f"a{suffix}"
        extra = {"lossless": True} if suffix == ".webp" else {}
        frames[0].save(
            path,
            save_all=True,
            append_images=frames[1:],
            duration=100,
            icc_profile=profile.read_bytes(),
            exif=exif,
            **extra,
        )
        clip = Animation(path)
        assert (clip.info.width, clip.info.height) == (20, 30)
        frame = next(clip.frames())
        assert frame.pixels.shape == (30, 20, 3)
        # 55 of 255 in linear light is 129 in sRGB; the upper half is at the right after the turn.
        np.testing.assert_allclose(frame.pixels[15, 5], 129, atol=2)
        assert frame.pixels[15, 15].max() <= 1


def test_too_large_animation_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk(tmp_path / "a.gif", 2, Fraction(10))
    monkeypatch.setenv("BOTTEGA_MAX_PIXELS", "500")
    with pytest.raises(PictureError, match="30 × 20 pixels, more than the limit of 500"):
        _ = Animation(tmp_path / "a.gif").info


def test_opaque_animation_has_no_alpha(tmp_path: Path) -> None:
    images = [Image.fromarray(plain(color)).convert("RGBA") for color in COLORS]
    images[0].save(tmp_path / "a.png", save_all=True, append_images=images[1:], duration=100)
    assert not Animation(tmp_path / "a.png").info.has_alpha


def sky(count: int = 4) -> list[np.ndarray]:
    """Evenings whose color grows from blue to yellow."""
    y, x = np.linspace(0, 1, 180)[:, None], np.linspace(0, 1, 320)[None]
    frames = []
    for number in range(count):
        shade = y + 0.05 * number
        channels = [90 + 120 * shade + 10 * x, 140 + 80 * shade, 225 - 40 * shade + 15 * x]
        frames.append(np.stack(np.broadcast_arrays(*channels), 2).clip(0, 255).astype(np.uint8))
    return frames


@pytest.mark.parametrize("alpha", [False, True])
def test_skies_of_gifs_have_no_bands(tmp_path: Path, alpha: bool) -> None:
    frames = sky()
    mask = np.full((180, 320), 255, np.uint8)
    mask[:, :40] = 0
    info = ClipInfo("x", 320, 180, Fraction(10), 4, 0.4, Fraction(1, 10), has_alpha=alpha)
    writer = AnimationWriter(tmp_path / "a.gif", info)
    for number, pixels in enumerate(frames):
        writer.write(Frame(pixels, Fraction(number, 10), number, mask if alpha else None))
    writer.close()
    for frame, pixels in zip(Animation(tmp_path / "a.gif").frames(), frames, strict=True):
        difference = (frame.pixels.astype(float) - pixels)[:, 40:]
        blocks = difference.reshape(18, 10, 28, 10, 3).mean((1, 3))  # as seen from afar
        assert np.sqrt((blocks**2).mean()) < 0.5
        assert np.abs(blocks).max() < 3
        if alpha:
            np.testing.assert_array_equal(frame.alpha, mask)


def test_half_transparency_of_gifs_is_reported(tmp_path: Path) -> None:
    notes: list[str] = []
    info = ClipInfo("x", 30, 20, Fraction(10), 2, 0.2, Fraction(1, 10), has_alpha=True)
    writer = AnimationWriter(tmp_path / "a.gif", info, on_note=notes.append)
    for number in range(2):
        alpha = np.full((20, 30), 100, np.uint8)
        writer.write(Frame(plain(COLORS[number]), Fraction(number, 10), number, alpha))
    writer.close()
    assert len(notes) == 1
    assert "half-transparent" in notes[0]


def test_still_picture_is_not_animated(tmp_path: Path) -> None:
    Image.fromarray(plain(COLORS[0])).save(tmp_path / "a.gif")
    (tmp_path / "b.gif").write_bytes(b"GIF89a")
    assert not is_animated(tmp_path / "a.gif")
    assert not is_animated(tmp_path / "b.gif")
