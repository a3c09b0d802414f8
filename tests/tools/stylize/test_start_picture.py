"""The start picture: used, recorded, found again, and reported if missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import bottega
from bottega import pictures
from bottega.cli import main
from bottega.errors import Cancelled, MismatchError, OutputError, PictureError, SettingsError
from bottega.files import file_sha256
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult
from bottega.tools.registry import TOOLS

# One scale and hardly a step: what comes out is what the work started from, at the result's size.
STILL = {"first_size": 32, "optimizer": "adam", "rate": 1e-6, "recolor": False}


def run(**settings: object) -> ToolResult:
    tool = TOOLS["stylize"]
    return tool.run(tool.configure({"content": "photo.png", "style": ["style.png"], **settings}))


def remake() -> str:
    tool = TOOLS["remake"]
    return tool.run(tool.configure({"picture": "out.png", "verify": True})).summary


def test_start_picture(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    begin = pictures.load("other.png").pixels
    expected = pictures.resize(begin, (24, 32)).clamp(0, 1)
    for start in ("other.png", Path("other.png"), Image.open("other.png"), begin):
        result = bottega.stylize(
            "photo.png", "style.png", start=start, **{**quick_optimize_settings, **STILL}
        )
        assert torch.allclose(result.tensor, expected, atol=1e-3)
    assert result.recipe["start"]["kind"] == "memory"


def test_content_shows_where_the_start_is_transparent(
    bench: Path, quick_optimize_settings: dict[str, Any]
) -> None:
    layer = Image.new("RGB", (40, 30), (255, 0, 0))
    layer.putalpha(Image.open("mask.png"))
    settings = {**quick_optimize_settings, **STILL, "size": 0, "first_size": 40}
    pixels = bottega.stylize("photo.png", "style.png", start=layer, **settings).picture.pixels
    content = pictures.load("photo.png").pixels
    red = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).expand_as(content)
    assert torch.allclose(pixels[..., :20], red[..., :20], atol=1e-3)
    assert torch.allclose(pixels[..., 20:], content[..., 20:], atol=1e-3)


def test_a_start_is_remade(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    run(start="other.png", output="out.png", **quick_optimize_settings)
    run(output="plain.png", **quick_optimize_settings)
    assert (pictures.load("out.png").pixels - pictures.load("plain.png").pixels).abs().mean() > 0.02
    recipe = pictures.read_recipe("out.png")
    assert recipe is not None
    assert recipe["settings"]["start"] == "picture"
    assert recipe["start"]["path"] == "other.png"
    assert recipe["start"]["sha256"] == file_sha256("other.png")
    assert "same pixels" in remake()
    Path("other.png").rename("moved.png")
    assert "same pixels" in remake()


def test_a_changed_or_missing_start_picture(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    run(start="other.png", output="out.png", **quick_optimize_settings)
    Image.new("RGB", (9, 9)).save("other.png")
    with pytest.raises(MismatchError, match=r"^other\.png has changed since the picture was made"):
        remake()
    Path("other.png").unlink()
    with pytest.raises(PictureError, match=r"^The input other\.png is neither at other\.png nor beside"):
        remake()


def test_invalid_start_pictures(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    (bench / "folder").mkdir()
    Image.new("RGBA", (8, 8)).save("clear.png")
    for start, sentence in (
        ("nois", r'picture nois .* does not exist.* Did you mean "noise"\?$'),
        ("othr.png", r"picture othr\.png .* does not exist.* Did you mean other\.png\?$"),
        ("absent.png", r"picture absent\.png to start from does not exist; [^.]*\.$"),
        ("folder", "folder is a folder"),
        ("clear.png", r"clear\.png is fully transparent"),
    ):
        with pytest.raises(PictureError, match=sentence):
            run(start=start, output="out.png", **quick_optimize_settings)
        with pytest.raises(PictureError, match=sentence):
            bottega.stylize("photo.png", "style.png", start=start, **quick_optimize_settings)
    assert not Path("out.png").exists()


def test_the_start_is_never_overwritten(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    with pytest.raises(OutputError, match="never overwritten"):
        run(start="other.png", output="other.png", overwrite=True, **quick_optimize_settings)


def test_every_picture_of_a_folder_starts_from_it(
    bench: Path, quick_optimize_settings: dict[str, Any]
) -> None:
    (bench / "photos").mkdir()
    for name in ("photos/a.png", "photos/b.png"):
        Image.open("photo.png").rotate(180 * ("b" in name)).save(name)
    settings = {
        **quick_optimize_settings,
        **STILL,
        "content": "photos",
        "output": "made",
        "start": "other.png",
    }
    first = run(**settings).files
    a, b = (pictures.load(path).pixels for path in first)
    assert torch.allclose(a, b, atol=2 / 255)
    assert len(run(**settings).details["skipped"]) == 2
    other_start = run(**{**settings, "start": "content"}).files
    assert len(other_start) == 2
    assert set(other_start).isdisjoint(first)


def test_a_checkpoint_of_another_start_is_rejected(
    bench: Path, quick_optimize_settings: dict[str, Any]
) -> None:
    class Stop(ProgressReporter):
        def cancelled(self) -> bool:
            return True

    tool = TOOLS["stylize"]
    values = {
        "content": "photo.png",
        "style": ["style.png"],
        "checkpoint": "work.state",
        **quick_optimize_settings,
    }
    with pytest.raises(Cancelled, match=r"resumes from work\.state"):
        tool.run(tool.configure({**values, "start": "other.png"}), Stop())
    with pytest.raises(SettingsError, match=r"work\.state"):
        tool.run(tool.configure({**values, "start": "style.png"}))
    assert tool.run(tool.configure({**values, "start": "other.png"})).files


def test_start_on_the_command_line(bench: Path, quick: Any, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["stylize", "photo.png", "--style", "style.png", *quick()]
    assert main([*words, "--start", "other.png", "-o", "out.png"]) == 0
    assert main([*words, "--start", "picture", "-o", "no.png"]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 1
