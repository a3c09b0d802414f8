"""Everything that can be wrong: one clear sentence, the exit code, nothing written, no traceback."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from bottega.cli import main

Quick = Callable[..., list[str]]

Refused = Callable[..., str]


@pytest.fixture
def refused(bench: Path, quick: Quick, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs stylize, expects an exit code and one sentence, and that the folder holds what it held."""

    def run(code: int, *words: str, content: str = "photo.png", style: str = "style.png") -> str:
        before = {path: path.stat().st_mtime_ns for path in bench.rglob("*")}
        assert main(["stylize", content, "--style", style, *quick(*words)]) == code
        captured = capsys.readouterr()
        lines = captured.err.splitlines()
        assert captured.out == ""
        assert len(lines) == 1, captured.err
        assert lines[0].startswith("bottega: ")
        assert lines[0].endswith((".", "?"))
        assert {path: path.stat().st_mtime_ns for path in bench.rglob("*")} == before
        return lines[0]

    return run


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    chunks = (
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data, b"IEND")
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_no_such_file(refused: Refused) -> None:
    assert "Did you mean photo.png" in refused(3, content="foto.png")


def test_not_a_picture(bench: Path, refused: Refused) -> None:
    (bench / "note.png").write_text("Dear Theo")
    assert "note.png" in refused(3, content="note.png")
    assert "note.png" in refused(3, style="note.png")


def test_zero_bytes(bench: Path, refused: Refused) -> None:
    (bench / "empty.jpg").write_bytes(b"")
    assert "empty.jpg" in refused(3, content="empty.jpg")


def test_truncated(bench: Path, refused: Refused) -> None:
    whole = (bench / "photo.png").read_bytes()
    (bench / "cut.png").write_bytes(whole[: len(whole) // 2])
    assert "cut.png" in refused(3, content="cut.png")


def test_a_header_of_900_megapixels(bench: Path, refused: Refused) -> None:
    (bench / "huge.png").write_bytes(png_header(30_000, 30_000))
    assert "huge.png" in refused(3, content="huge.png")


def test_mask_of_another_size(bench: Path, refused: Refused) -> None:
    Image.new("L", (10, 10), 255).save(bench / "small.png")
    sentence = refused(3, "--region", "a=small.png", "--style", "a=other.png")
    assert "small.png" in sentence
    assert "10 × 10" in sentence
    assert "40 × 30" in sentence


def test_unknown_style(refused: Refused) -> None:
    assert 'Did you mean "woodcut"' in refused(2, style="woodcutt")


def test_unknown_encoder(refused: Refused) -> None:
    assert "tiny" in refused(5, "--encoder", "vast")


def test_encoder_that_was_not_fetched(refused: Refused) -> None:
    assert "bottega models pull vgg19" in refused(5, "--encoder", "vgg19")


def test_settings_out_of_range(refused: Refused) -> None:
    assert "strength" in refused(2, "--strength", "1.5")
    assert "--size" in refused(2, "--size", "big")
    assert "did you mean --keep-color" in refused(2, "--keep-colour").lower()


def test_unknown_command_names_the_nearest(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylise", "photo.png"]) == 2
    assert 'Did you mean "stylize"' in capsys.readouterr().err


def test_output_folder_is_missing(refused: Refused) -> None:
    assert "nowhere" in refused(4, "-o", "nowhere/out.png")


def test_output_format_is_unknown(refused: Refused) -> None:
    assert "out.xyz" in refused(4, "-o", "out.xyz")
    assert "16 bits" in refused(4, "-o", "out.jpg", "--bits", "16")


@pytest.mark.skipif(
    not Path("/proc/self").exists(), reason="needs a folder that takes no files even from root"
)
def test_folder_that_takes_no_files(refused: Refused) -> None:
    assert "/proc/self" in refused(4, "-o", "/proc/self/out.png")


def test_existing_output_is_kept(bench: Path, refused: Refused) -> None:
    (bench / "out.png").write_bytes(b"precious")
    assert "--overwrite" in refused(4, "-o", "out.png")


def test_inputs_are_never_overwritten(bench: Path, refused: Refused) -> None:
    (bench / "linked.png").symlink_to(bench / "photo.png")
    for name in ("photo.png", "style.png", "linked.png"):
        assert "never overwritten" in refused(4, "-o", name, "--overwrite")
    assert "never overwritten" in refused(4, "-o", "out.png", "--preview", "style.png")
    assert "never overwritten" in refused(4, "-o", "out.png", "--checkpoint", "photo.png")
    assert "two outputs" in refused(4, "-o", "out.png", "--preview", "out.png")


def test_device_that_is_not_here(refused: Refused) -> None:
    import torch

    if torch.backends.mps.is_available():
        pytest.skip("this machine has mps")
    assert "mps" in refused(6, "--device", "mps")


def test_wrong_environment_variable(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_THREADS", "many")
    assert "BOTTEGA_THREADS" in refused(2, "--threads", "0")


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 300)])
def test_tiny_and_thin_pictures_are_painted(bench: Path, quick: Quick, size: tuple[int, int]) -> None:
    Image.new("RGB", size, (200, 30, 60)).save(bench / "thin.png")
    assert main(["stylize", "thin.png", "--style", "style.png", "-o", "out.png", *quick()]) == 0
    assert max(Image.open("out.png").size) == 32


def test_a_line_of_20000_pixels(bench: Path, quick: Quick) -> None:
    Image.new("RGB", (1, 20_000), (200, 30, 60)).save(bench / "line.png")
    assert main(["stylize", "line.png", "--style", "style.png", "-o", "out.png", *quick()]) == 0
    assert Image.open("out.png").size == (1, 32)


def test_animation_gives_its_first_frame_and_says_so(
    bench: Path, quick: Quick, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = [Image.new("RGB", (40, 30), color) for color in ("red", "blue")]
    frames[0].save(bench / "film.gif", save_all=True, append_images=frames[1:])
    assert main(["stylize", "film.gif", "--style", "style.png", "-o", "out.png", *quick()]) == 0
    assert "first" in capsys.readouterr().err


def test_cmyk_with_a_broken_profile_is_read_and_said(
    bench: Path, quick: Quick, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.open("photo.png").convert("CMYK").save(bench / "ink.jpg", icc_profile=profile[:60])
    assert main(["stylize", "ink.jpg", "--style", "style.png", "-o", "out.png", *quick()]) == 0
    assert "ink.jpg" in capsys.readouterr().err


def test_debug_shows_the_traceback(bench: Path, quick: Quick, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylize", "foto.png", "--style", "style.png", *quick(), "--debug"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_json_errors(bench: Path, quick: Quick, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert main(["--json", "stylize", "foto.png", "--style", "style.png", *quick()]) == 3
    captured = capsys.readouterr()
    event = json.loads(captured.out.splitlines()[-1])
    assert captured.err == ""
    assert (event["event"], event["kind"], event["exit_code"]) == ("error", "PictureError", 3)


def test_only_pictures_are_suggested_for_pictures(bench: Path, refused: Refused) -> None:
    (bench / "photo.txt").write_text("a list of photographs")
    (bench / "photo.png").rename(bench / "work.png")
    sentence = refused(3, content="foto.png")
    assert "photo.txt" not in sentence


def test_a_black_mask_is_named_by_its_file(bench: Path, refused: Refused) -> None:
    Image.new("L", (40, 30), 0).save(bench / "night.png")
    assert "night.png is black" in refused(3, "--protect", "night.png")
    assert "night.png is black" in refused(3, "--region", "a=night.png", "--style", "a=other.png")
