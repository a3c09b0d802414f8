"""The methods of one pass: what they paint, what they keep, and that a recipe makes it again."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import bottega
from bottega import pictures
from bottega.errors import Cancelled, SettingsError
from bottega.layers import rgb_to_oklab
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.registry import TOOLS
from bottega.tools.stylize.methods import METHODS
from bottega.tools.stylize.settings import TransferSettings
from bottega.transfer.color_transfer import color_transfer

Pass = Callable[..., dict[str, Any]]

ONE_PASS = [name for name in METHODS if name != "optimize"]
BY_PICTURE = ["micro", "photo", "adain"]
OWN = object()
LEFT, RIGHT = slice(0, 12), slice(28, 40)


def style_for(method: str) -> Any:
    return {"fast": None, "multi": {"candy": 2, "rain": 1}}.get(method, "style.png")


def paint(method: str, settings: dict[str, Any], style: Any = OWN, **more: Any) -> Tensor:
    style = style_for(method) if style is OWN else style
    return bottega.stylize("photo.png", style, **settings, **more).picture.pixels


def chroma_between(one: Tensor, other: Tensor) -> float:
    return float((rgb_to_oklab(one) - rgb_to_oklab(other))[:, 1:].abs().mean())


def change(one: Tensor, other: Tensor, columns: slice = slice(None)) -> float:
    return float((one - other)[..., columns].abs().mean())


@pytest.mark.parametrize("method", ONE_PASS)
def test_a_picture_is_painted_and_remade(bench: Path, quick_pass: Pass, method: str) -> None:
    made = bottega.stylize("photo.png", style_for(method), output="out.png", **quick_pass(method))
    assert made.picture.pixels.shape == (1, 3, 30, 40), "the content's own size"
    assert change(made.picture.pixels, pictures.load("photo.png").pixels) > 0.01
    tool = TOOLS["remake"]
    assert "same pixels" in tool.run(tool.configure({"picture": "out.png", "verify": True})).summary
    recipe = pictures.read_recipe("out.png")
    assert recipe is not None
    assert recipe["model"]["name"] == f"tiny-{method}"
    kept = set(recipe["settings"])
    assert kept == {name for name in TransferSettings.model_fields if METHODS[method].honours(name)} - {
        "model"
    }
    assert recipe["settings"]["size"] == 0


@pytest.mark.parametrize("method", ONE_PASS)
def test_pixels_that_are_left_come_back_exactly(bench: Path, quick_pass: Pass, method: str) -> None:
    made = paint(method, quick_pass(method), leave={"face": "mask.png"})
    before = pictures.load("photo.png").pixels
    assert torch.equal(made[..., :20], before[..., :20])
    assert change(made, before, RIGHT) > 0.005
    soft = paint(method, quick_pass(method, feather=8), leave={"face": "mask.png"})
    assert torch.equal(soft[..., LEFT], before[..., LEFT])
    assert change(soft, made, slice(16, 24)) > 0


@pytest.mark.parametrize("method", ["micro", "photo", "adain", "multi"])
def test_regions_have_styles_of_their_own(bench: Path, quick_pass: Pass, method: str) -> None:
    one, two = ("candy", "rain") if method == "multi" else ("style.png", "other.png")
    settings, region = quick_pass(method), {"left": "mask.png"}
    both = paint(method, settings, {"left": one, "background": two}, region=region)
    same = paint(method, settings, {"left": one, "background": one}, region=region)
    # The picture is hardly wider than what a network sees of it at once, so the border is everywhere.
    assert change(both, same, RIGHT) > 2 * change(both, same, LEFT)


@pytest.mark.parametrize("method", ["micro", "photo", "adain", "multi"])
def test_styles_are_mixed_by_their_weights(bench: Path, quick_pass: Pass, method: str) -> None:
    one, two = ("candy", "rain") if method == "multi" else ("style.png", "other.png")
    settings = quick_pass(method)
    first, second = paint(method, settings, one), paint(method, settings, two)
    assert torch.allclose(paint(method, settings, {one: 1, two: 0}), first, atol=1e-6)
    mixed = paint(method, settings, {one: 3, two: 1})
    assert 0 < change(mixed, first) < change(second, first)


@pytest.mark.parametrize("method", ["micro", "photo"])
def test_strengths(bench: Path, quick_pass: Pass, method: str) -> None:
    content = pictures.load("photo.png").pixels
    full = paint(method, quick_pass(method))
    assert torch.equal(paint(method, quick_pass(method, strength=0.0)), content)
    half = paint(method, quick_pass(method, strength=0.5))
    assert 0 < change(half, content) < change(full, content)
    own_colors = paint(method, quick_pass(method, color_strength=0.0))
    assert change(own_colors, full) > 0.01
    mean = content.mean((2, 3))
    assert (own_colors.mean((2, 3)) - mean).abs().max() < (full.mean((2, 3)) - mean).abs().max()


@pytest.mark.parametrize("method", ["micro", "adain"])
def test_the_scale_of_a_style_is_the_size_that_it_is_seen_at(
    bench: Path, quick_pass: Pass, method: str
) -> None:
    settings = quick_pass(method)
    half = paint(method, settings, "style.png:scale=0.5")
    assert torch.equal(half, paint(method, {**settings, "style_scale": 0.5}))
    assert change(half, paint(method, settings)) > 1e-4


@pytest.mark.parametrize("method", ONE_PASS)
def test_the_contents_colours_can_be_kept(bench: Path, quick_pass: Pass, method: str) -> None:
    content = pictures.load("photo.png").pixels
    changed = paint(method, quick_pass(method))
    kept = paint(method, quick_pass(method, keep_color=True))
    # Not wholly: what is too light or dark for its colour becomes paler.
    assert chroma_between(kept, content) < 0.6 * chroma_between(changed, content)
    for how, name in (("match", "coral"), ("histogram", "histogram")):
        made = paint(method, quick_pass(method, keep_color=True, color_method=how))
        if method in BY_PICTURE:
            style = color_transfer(pictures.load("style.png").pixels, content, name)
            expected = paint(method, quick_pass(method), style)
        else:
            expected = color_transfer(changed, content, name)
        assert torch.allclose(made, expected, atol=1.01 / 255)
        assert change(made, changed) > 0.002


@pytest.mark.parametrize("method", ONE_PASS)
def test_sizes_alpha_and_depth(bench: Path, quick_pass: Pass, method: str) -> None:
    image = Image.open("photo.png").convert("RGBA")
    image.putalpha(Image.open("mask.png"))
    settings = quick_pass(method, size=64, bits=16)
    made = bottega.stylize(image, style_for(method), output="deep.png", **settings).picture
    assert (made.width, made.height, made.bits) == (64, 48, 16)
    assert made.alpha is not None
    assert pictures.load("deep.png").bits == 16
    plain = bottega.stylize(image, style_for(method), **quick_pass(method)).picture
    assert torch.equal(plain.alpha, pictures.as_picture(image).alpha)


def test_marks_are_laid_unless_asked_otherwise_and_recipes_say_so(bench: Path, quick_pass: Pass) -> None:
    made = bottega.stylize("photo.png", "style.png", output="out.png", **quick_pass("micro"))
    assert made.recipe["settings"]["marks"] == 1
    assert change(made.picture.pixels, paint("micro", quick_pass("micro", marks=0.0))) > 0.01


def test_a_recipe_from_before_there_were_marks_makes_its_picture(bench: Path, quick_pass: Pass) -> None:
    bottega.stylize("photo.png", "style.png", output="out.png", **quick_pass("micro", marks=0.0))
    recipe = pictures.read_recipe("out.png")
    assert recipe is not None
    del recipe["settings"]["marks"]
    pictures.save(pictures.load("out.png"), "older.png", recipe=recipe)
    tool = TOOLS["remake"]
    assert "same pixels" in tool.run(tool.configure({"picture": "older.png", "verify": True})).summary


@pytest.mark.parametrize("method", ["micro", "photo"])
def test_bytes_become_bytes_that_are_those_of_the_floats(bench: Path, quick_pass: Pass, method: str) -> None:
    short = bottega.stylize("photo.png", "style.png", **quick_pass(method)).picture
    long = bottega.stylize("photo.png", "style.png", **quick_pass(method, bits=16)).picture
    assert short.samples is not None
    assert long.samples is None
    assert (short.pixels - long.pixels).abs().max() < 1.01 / 255


def test_a_mask_of_nothing_is_one_manner(bench: Path, quick_pass: Pass) -> None:
    Image.new("L", (40, 30), 255).save("all.png")
    whole = paint("micro", quick_pass())
    masked = paint(
        "micro", quick_pass(), {"a": "style.png"}, region={"a": "all.png"}, leave={"background": None}
    )
    assert (whole - masked).abs().max() < 1.01 / 255


def test_what_is_transparent_of_a_style_is_not_seen(bench: Path, quick_pass: Pass) -> None:
    # Left the style, right something else that is cut away.
    style, other = (np.asarray(Image.open(name)) for name in ("style.png", "other.png"))
    joined = np.concatenate([style, other], 1)
    alpha = np.full(joined.shape[:2], 255, np.uint8)
    alpha[:, style.shape[1] :] = 0
    cut = Image.fromarray(np.dstack([joined, alpha]))
    for method in BY_PICTURE:
        seen = paint(method, quick_pass(method), cut)
        assert change(seen, paint(method, quick_pass(method), joined)) > 1e-4


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_every_engine_repeats_its_picture(bench: Path, quick_pass: Pass, engine: str) -> None:
    # Not importorskip(): OpenVINO is imported by our engine alone, which keeps it from reporting that.
    if find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed")
    settings = quick_pass(engine=engine, precision="auto")
    made = bottega.stylize("photo.png", "style.png", output="out.png", **settings)
    assert made.recipe["settings"]["engine"] == engine
    assert made.recipe["settings"]["precision"] in ("fp32", "bf16")
    tool = TOOLS["remake"]
    assert "same pixels" in tool.run(tool.configure({"picture": "out.png", "verify": True})).summary
    exact = paint("micro", quick_pass())
    assert change(made.picture.pixels, exact) < 0.01
    other = tool.configure({"picture": "out.png", "output": "again.png", "engine": "torch"})
    assert tool.run(other).details["recipe"]["settings"]["engine"] == engine
    recipe = pictures.read_recipe("again.png")
    assert recipe is not None
    assert recipe["settings"]["engine"] == "torch"


def test_the_caller_may_stop_it(bench: Path, quick_pass: Pass) -> None:
    class Stop(ProgressReporter):
        def cancelled(self) -> bool:
            return True

    for method in ONE_PASS:
        with pytest.raises(Cancelled, match="no result was written"):
            paint(method, quick_pass(method), report=Stop())


def test_the_callers_threads_come_back(bench: Path, quick_pass: Pass) -> None:
    torch.set_num_threads(2)
    paint("micro", quick_pass())
    assert torch.get_num_threads() == 2


def test_too_little_memory_is_said_before(
    bench: Path, quick_pass: Pass, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bottega import runtime
    from bottega.errors import ResourceError

    monkeypatch.setattr(runtime, "available_memory", lambda: 10_000_000)
    for method in ONE_PASS:
        with pytest.raises(ResourceError, match=r"--size \d+ would fit"):
            paint(method, quick_pass(method))


def test_there_is_a_style_or_a_reason(bench: Path, quick_pass: Pass) -> None:
    with pytest.raises(SettingsError, match="micro needs a style"):
        bottega.stylize("photo.png", **quick_pass())
    with pytest.raises(SettingsError, match=r"--style is for .*; fast paints the one style"):
        bottega.stylize("photo.png", "style.png", **quick_pass("fast"))
    with pytest.raises(
        SettingsError, match=r'no style "cndy"; it has candy, mosaic, rain\. Did you mean "candy"'
    ):
        bottega.stylize("photo.png", "cndy", **quick_pass("multi"))
