"""The feed-forward methods: what they change, what they keep, and that a recipe makes it again."""

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
from bottega.tools.stylize.methods.registry import METHODS
from bottega.tools.stylize.settings import TransferSettings
from bottega.transfer.color_transfer import color_transfer

Pass = Callable[..., dict[str, Any]]

FEEDFORWARD = [name for name in METHODS if name != "optimize"]
ARBITRARY_STYLE = ["micro", "photo", "adain"]
DEFAULT_STYLE = object()
LEFT, RIGHT = slice(0, 12), slice(28, 40)


def style_for(method: str) -> Any:
    return {"fast": None, "multi": {"candy": 2, "rain": 1}}.get(method, "style.png")


def stylize(method: str, settings: dict[str, Any], style: Any = DEFAULT_STYLE, **more: Any) -> Tensor:
    style = style_for(method) if style is DEFAULT_STYLE else style
    return bottega.stylize("photo.png", style, **settings, **more).picture.pixels


def chroma_between(one: Tensor, other: Tensor) -> float:
    return float((rgb_to_oklab(one) - rgb_to_oklab(other))[:, 1:].abs().mean())


def change(one: Tensor, other: Tensor, columns: slice = slice(None)) -> float:
    return float((one - other)[..., columns].abs().mean())


@pytest.mark.parametrize("method", FEEDFORWARD)
def test_stylize_and_remake(bench: Path, quick_pass: Pass, method: str) -> None:
    made = bottega.stylize("photo.png", style_for(method), output="out.png", **quick_pass(method))
    assert made.tensor.shape == (1, 3, 30, 40), "the content's own size"
    assert change(made.tensor, pictures.load("photo.png").pixels) > 0.01
    tool = TOOLS["remake"]
    assert "same pixels" in tool.run(tool.configure({"picture": "out.png", "verify": True})).summary
    recipe = pictures.read_recipe("out.png")
    assert recipe is not None
    assert recipe["model"]["name"] == f"tiny-{method}"
    kept = set(recipe["settings"])
    assert kept == {name for name in TransferSettings.model_fields if METHODS[method].supports(name)} - {
        "model"
    }
    assert recipe["settings"]["size"] == 0


@pytest.mark.parametrize("method", FEEDFORWARD)
def test_protected_pixels_are_unchanged(bench: Path, quick_pass: Pass, method: str) -> None:
    made = stylize(method, quick_pass(method), protect={"face": "mask.png"})
    before = pictures.load("photo.png").pixels
    assert torch.equal(made[..., :20], before[..., :20])
    assert change(made, before, RIGHT) > 0.005
    soft = stylize(method, quick_pass(method, feather=8), protect={"face": "mask.png"})
    assert torch.equal(soft[..., LEFT], before[..., LEFT])
    assert change(soft, made, slice(16, 24)) > 0


@pytest.mark.parametrize("method", ["micro", "photo", "adain", "multi"])
def test_regions_have_styles_of_their_own(bench: Path, quick_pass: Pass, method: str) -> None:
    one, two = ("candy", "rain") if method == "multi" else ("style.png", "other.png")
    settings, region = quick_pass(method), {"left": "mask.png"}
    both = stylize(method, settings, {"left": one, "background": two}, region=region)
    same = stylize(method, settings, {"left": one, "background": one}, region=region)
    # The picture is hardly wider than what a network sees of it at once, so the border is everywhere.
    assert change(both, same, RIGHT) > 2 * change(both, same, LEFT)


@pytest.mark.parametrize("method", ["micro", "photo", "adain", "multi"])
def test_styles_are_mixed_by_their_weights(bench: Path, quick_pass: Pass, method: str) -> None:
    one, two = ("candy", "rain") if method == "multi" else ("style.png", "other.png")
    settings = quick_pass(method)
    first, second = stylize(method, settings, one), stylize(method, settings, two)
    assert torch.allclose(stylize(method, settings, {one: 1, two: 0}), first, atol=1e-6)
    mixed = stylize(method, settings, {one: 3, two: 1})
    assert 0 < change(mixed, first) < change(second, first)


@pytest.mark.parametrize("method", ["micro", "photo"])
def test_strengths(bench: Path, quick_pass: Pass, method: str) -> None:
    content = pictures.load("photo.png").pixels
    full = stylize(method, quick_pass(method))
    assert torch.equal(stylize(method, quick_pass(method, strength=0.0)), content)
    half = stylize(method, quick_pass(method, strength=0.5))
    assert 0 < change(half, content) < change(full, content)
    own_colors = stylize(method, quick_pass(method, color_strength=0.0))
    assert change(own_colors, full) > 0.01
    mean = content.mean((2, 3))
    assert (own_colors.mean((2, 3)) - mean).abs().max() < (full.mean((2, 3)) - mean).abs().max()


@pytest.mark.parametrize("method", ["micro", "adain"])
def test_style_scale_is_the_size_at_which_it_is_encoded(bench: Path, quick_pass: Pass, method: str) -> None:
    settings = quick_pass(method)
    half = stylize(method, settings, "style.png:scale=0.5")
    assert torch.equal(half, stylize(method, {**settings, "style_scale": 0.5}))
    assert change(half, stylize(method, settings)) > 1e-4


@pytest.mark.parametrize("method", FEEDFORWARD)
def test_content_colors_can_be_kept(bench: Path, quick_pass: Pass, method: str) -> None:
    content = pictures.load("photo.png").pixels
    changed = stylize(method, quick_pass(method))
    kept = stylize(method, quick_pass(method, keep_color=True))
    # Not wholly: what is too light or dark for its colour becomes paler.
    assert chroma_between(kept, content) < 0.6 * chroma_between(changed, content)
    for how, name in (("match", "coral"), ("histogram", "histogram")):
        made = stylize(method, quick_pass(method, keep_color=True, color_method=how))
        if method in ARBITRARY_STYLE:
            style = color_transfer(pictures.load("style.png").pixels, content, name)
            expected = stylize(method, quick_pass(method), style)
        else:
            expected = color_transfer(changed, content, name)
        assert torch.allclose(made, expected, atol=1.01 / 255)
        assert change(made, changed) > 0.002


@pytest.mark.parametrize("method", FEEDFORWARD)
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


def test_texture_is_on_by_default_and_in_the_recipe(bench: Path, quick_pass: Pass) -> None:
    made = bottega.stylize("photo.png", "style.png", output="out.png", **quick_pass("micro"))
    assert made.recipe["settings"]["texture"] == 1
    assert change(made.tensor, stylize("micro", quick_pass("micro", texture=0.0))) > 0.01


@pytest.mark.parametrize("method", ["micro", "photo"])
def test_bytes_become_bytes_that_are_those_of_the_floats(bench: Path, quick_pass: Pass, method: str) -> None:
    short = bottega.stylize("photo.png", "style.png", **quick_pass(method)).picture
    long = bottega.stylize("photo.png", "style.png", **quick_pass(method, bits=16)).picture
    assert short.samples is not None
    assert long.samples is None
    assert (short.pixels - long.pixels).abs().max() < 1.01 / 255


def test_a_full_mask_equals_no_mask(bench: Path, quick_pass: Pass) -> None:
    Image.new("L", (40, 30), 255).save("all.png")
    whole = stylize("micro", quick_pass())
    masked = stylize(
        "micro", quick_pass(), {"a": "style.png"}, region={"a": "all.png"}, protect={"background": None}
    )
    assert (whole - masked).abs().max() < 1.01 / 255


def test_transparent_parts_of_a_style_are_ignored(bench: Path, quick_pass: Pass) -> None:
    # Left the style, right something else that is cut away.
    style, other = (np.asarray(Image.open(name)) for name in ("style.png", "other.png"))
    joined = np.concatenate([style, other], 1)
    alpha = np.full(joined.shape[:2], 255, np.uint8)
    alpha[:, style.shape[1] :] = 0
    cut = Image.fromarray(np.dstack([joined, alpha]))
    for method in ARBITRARY_STYLE:
        seen = stylize(method, quick_pass(method), cut)
        assert change(seen, stylize(method, quick_pass(method), joined)) > 1e-4


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_every_engine_is_reproducible(bench: Path, quick_pass: Pass, engine: str) -> None:
    # Not importorskip(): OpenVINO is imported by our engine alone, which keeps it from reporting that.
    if find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed")
    settings = quick_pass(engine=engine, precision="auto")
    made = bottega.stylize("photo.png", "style.png", output="out.png", **settings)
    assert made.recipe["settings"]["engine"] == engine
    assert made.recipe["settings"]["precision"] in ("fp32", "bf16")
    tool = TOOLS["remake"]
    assert "same pixels" in tool.run(tool.configure({"picture": "out.png", "verify": True})).summary
    exact = stylize("micro", quick_pass())
    assert change(made.tensor, exact) < 0.01
    other = tool.configure({"picture": "out.png", "output": "again.png", "engine": "torch"})
    assert tool.run(other).details["recipe"]["settings"]["engine"] == engine
    recipe = pictures.read_recipe("again.png")
    assert recipe is not None
    assert recipe["settings"]["engine"] == "torch"


def test_cancel(bench: Path, quick_pass: Pass) -> None:
    class Stop(ProgressReporter):
        def cancelled(self) -> bool:
            return True

    for method in FEEDFORWARD:
        with pytest.raises(Cancelled, match="no result was written"):
            stylize(method, quick_pass(method), reporter=Stop())


def test_number_of_threads_is_restored(bench: Path, quick_pass: Pass) -> None:
    torch.set_num_threads(2)
    stylize("micro", quick_pass())
    assert torch.get_num_threads() == 2


def test_too_little_memory_is_reported_before_the_work(
    bench: Path, quick_pass: Pass, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bottega import runtime
    from bottega.errors import ResourceError

    monkeypatch.setattr(runtime, "available_memory", lambda: 10_000_000)
    for method in FEEDFORWARD:
        with pytest.raises(ResourceError, match=r"--size \d+ would fit"):
            stylize(method, quick_pass(method))


def test_missing_and_unknown_styles(bench: Path, quick_pass: Pass) -> None:
    with pytest.raises(SettingsError, match="micro needs a style"):
        bottega.stylize("photo.png", **quick_pass())
    with pytest.raises(SettingsError, match=r"--style is for .*; fast has the one style"):
        bottega.stylize("photo.png", "style.png", **quick_pass("fast"))
    with pytest.raises(
        SettingsError, match=r'no style "cndy"; it has candy, mosaic, rain\. Did you mean "candy"'
    ):
        bottega.stylize("photo.png", "cndy", **quick_pass("multi"))
