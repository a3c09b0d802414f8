"""Region weights, style scales and pooling change the picture and are recorded in its recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

import bottega
from bottega import pictures
from bottega.cli import main
from bottega.errors import Cancelled, SettingsError
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.registry import TOOLS

LEFT, RIGHT = slice(0, 16), slice(24, 40)
STEPS = {
    "size": 0, "first_size": 40, "iterations": 12, "last_iterations": 12, "recolor": False,
    "optimizer": "adam",
}  # fmt: skip
STYLES = {"left": "style.png", "background": "style.png"}


class RecordingReporter(ProgressReporter):
    """Records the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


@pytest.fixture
def paint(bench: Path, quick_optimize_settings: dict[str, Any]) -> Callable[..., Tensor]:
    """Two regions, the left half of the photo and the rest."""

    def run(style: Any = STYLES, **settings: Any) -> Tensor:
        region = {"left": "mask.png"} if style is STYLES else None
        values = {**quick_optimize_settings, **STEPS, **settings}
        return bottega.stylize("photo.png", style, region=region, **values).picture.pixels

    return run


def change(one: Tensor, other: Tensor, columns: slice) -> float:
    return float((one - other)[..., columns].abs().mean())


def test_a_style_weight_works_in_its_region(paint: Callable[..., Tensor]) -> None:
    content = pictures.load("photo.png").pixels
    plain, without = paint(), paint(region_style_weight={"left": 0})
    assert change(without, plain, LEFT) > 2 * change(without, plain, RIGHT)
    assert change(without, content, LEFT) < 0.7 * change(plain, content, LEFT)


def test_a_content_weight_works_in_its_region(paint: Callable[..., Tensor]) -> None:
    content = pictures.load("photo.png").pixels
    plain, held = paint(), paint(region_content_weight={"background": 100})
    assert change(held, plain, RIGHT) > 2 * change(held, plain, LEFT)
    assert change(held, content, RIGHT) < 0.7 * change(plain, content, RIGHT)


@pytest.mark.parametrize("tile", [0, 16])
@pytest.mark.parametrize("kind", ["style", "content"])
def test_without_regions_a_weight_applies_to_the_whole_picture(
    paint: Callable[..., Tensor], kind: str, tile: int
) -> None:
    few = {"iterations": 2, "last_iterations": 2, "tile": tile}
    by_region = paint("style.png", **few, **{f"region_{kind}_weight": {"background": 0.5}})
    default = {"style": 1.0, "content": 0.12}[kind]
    by_setting = paint("style.png", **few, **{f"{kind}_weight": 0.5 * default})
    assert torch.allclose(by_region, by_setting, atol=1e-3)
    assert not torch.allclose(by_region, paint("style.png", **few), atol=1e-3)


def test_weight_and_scale_of_one_change_nothing(paint: Callable[..., Tensor]) -> None:
    few = {"iterations": 1, "last_iterations": 1}
    ones = {"region_style_weight": {"left": 1}, "region_content_weight": {"left": 1.0, "background": 1}}
    assert torch.equal(paint(**few), paint(**few, **ones))
    assert torch.equal(paint("style.png", **few), paint("style.png:scale=1", **few))


def test_scale_applies_to_one_style(paint: Callable[..., Tensor]) -> None:
    few = {"iterations": 2, "last_iterations": 2}
    half = paint("style.png:scale=0.5", **few)
    assert torch.equal(half, paint("style.png", style_scale=0.5, **few))
    assert torch.equal(half, paint(("style.png", 1, 0.5), **few))
    assert torch.equal(half, paint([("style.png", 1.0, 0.5), ("other.png", 0.0, 2.0)], **few))
    assert not torch.equal(half, paint("style.png", **few))
    both = paint(["style.png:scale=0.5", "other.png"], **few)
    assert not torch.equal(both, paint(["style.png", "other.png:scale=0.5"], **few))


def test_the_pooling_reaches_the_network(paint: Callable[..., Tensor]) -> None:
    few = {"iterations": 1, "last_iterations": 1}
    own = paint("style.png", **few)
    assert torch.equal(own, paint("style.png", pooling="average", **few))
    assert not torch.equal(own, paint("style.png", pooling="max", **few))
    with pytest.raises(SettingsError, match="pooling is 'median': should be 'average' or 'max'"):
        paint("style.png", pooling="median")


def test_a_style_too_small_for_its_scale_is_reported(
    bench: Path, quick_optimize_settings: dict[str, Any]
) -> None:
    reporter = RecordingReporter()
    bottega.stylize(
        "photo.png", ["style.png:scale=2", "other.png"], reporter=reporter, **quick_optimize_settings
    )
    assert reporter.notes == [
        "style.png: strokes 2 times as large need a style of 64 pixels, but this one has 36; "
        "they become as large as it allows."
    ]


def test_size_of_bundled_styles(
    bench: Path, quick_optimize_settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bottega.tools.stylize.methods import optimize
    from bottega.tools.stylize.pipeline import StylizePipeline, open_method
    from bottega.tools.stylize.plan import parse_plan
    from bottega.tools.stylize.settings import TransferSettings

    monkeypatch.setattr(optimize, "BUNDLED_STYLE_SIZE", 32)
    monkeypatch.setattr(optimize, "MAX_BUNDLED_STYLE_PIXELS", 64)
    plan = parse_plan(["risograph", "risograph:scale=2", "risograph:scale=8"])
    method = open_method(TransferSettings(**{**quick_optimize_settings, "size": 24}))
    pictures = StylizePipeline(plan, method).style_pictures
    assert [picture.width for picture in pictures] == [32, 48, 64]


def test_weights_scale_pooling_and_start_are_remade(
    bench: Path, quick: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--region", "left=mask.png", "--style", "left=style.png:0.5:scale=0.7", "--style", "other.png"]
    weights = ["--region-style-weight", "left=2", "--region-content-weight", "background=0.5"]
    more = ["--pooling", "max", "--start", "other.png", "-o", "out.png"]
    assert main(["stylize", "photo.png", *words, *weights, *more, *quick()]) == 0
    recipe = pictures.read_recipe("out.png")
    assert recipe is not None
    assert [(s["weight"], s["scale"]) for s in recipe["styles"]] == [(0.5, 0.7), (1.0, 1.0)]
    assert [(r["style_weight"], r["content_weight"]) for r in recipe["regions"]] == [(2.0, 1.0), (1.0, 0.5)]
    assert recipe["settings"]["pooling"] == "max"
    assert main(["remake", "out.png", "--verify", "-o", "again.png"]) == 0, capsys.readouterr().err
    assert pictures.read_recipe("again.png") == recipe


@pytest.mark.parametrize("field", ["region_style_weight", "region_content_weight"])
def test_invalid_weights_from_python(
    bench: Path, quick_optimize_settings: dict[str, Any], field: str
) -> None:
    for weights, sentence in (({"sky": 2}, "no region"), ({"background": "2"}, "use a number from 0")):
        with pytest.raises(SettingsError, match=sentence):
            bottega.stylize("photo.png", "style.png", **{field: weights}, **quick_optimize_settings)
    with pytest.raises(SettingsError, match="scale"):
        bottega.stylize("photo.png", ("style.png", 1, -1), **quick_optimize_settings)


def test_a_checkpoint_of_other_settings_is_rejected(
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
    with pytest.raises(Cancelled):
        tool.run(tool.configure(values), Stop())
    for other in (
        {"pooling": "max"},
        {"region_style_weight": ["background=2"]},
        {"style": ["style.png:scale=2"]},
    ):
        with pytest.raises(SettingsError, match=r"work\.state"):
            tool.run(tool.configure({**values, **other}))


def test_help_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylize", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for flag in ("--start", "--region-style-weight", "--region-content-weight", "--pooling", ":scale=1.5"):
        assert flag in text


def test_pictures_that_share_a_style_share_its_note(
    bench: Path, quick_optimize_settings: dict[str, Any]
) -> None:
    (bench / "photos").mkdir()
    for name in ("a.png", "b.png"):
        Image.open("photo.png").save(bench / "photos" / name)
    reporter, tool = RecordingReporter(), TOOLS["stylize"]
    values = {
        "content": "photos",
        "style": ["style.png:scale=2"],
        "output": "made",
        **quick_optimize_settings,
    }
    tool.run(tool.configure(values), reporter)
    assert len(reporter.notes) == 1
