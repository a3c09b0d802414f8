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
from bottega.errors import Cancelled, PictureError, SettingsError
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
def test_stylize_and_remake(bench: Path, feedforward_settings: Pass, method: str) -> None:
    result = bottega.stylize("photo.png", style_for(method), output="out.png", **feedforward_settings(method))
    assert result.tensor.shape == (1, 3, 30, 40), "the content's own size"
    assert change(result.tensor, pictures.load("photo.png").pixels) > 0.01
    tool = TOOLS["remake"]
    assert "same pixels" in tool.run(tool.configure({"picture": "out.png", "verify": True})).summary
    recipe = pictures.read_recipe("out.png")
    assert recipe is not None
    assert recipe["model"]["name"] == f"tiny-{method}"
    unchanged = set(recipe["settings"])
    assert unchanged == {name for name in TransferSettings.model_fields if METHODS[method].supports(name)} - {
        "model"
    }
    assert recipe["settings"]["size"] == 0


@pytest.mark.parametrize("method", FEEDFORWARD)
def test_protected_pixels_are_unchanged(bench: Path, feedforward_settings: Pass, method: str) -> None:
    result = stylize(method, feedforward_settings(method), protect={"subject": "mask.png"})
    before = pictures.load("photo.png").pixels
    assert torch.equal(result[..., :20], before[..., :20])
    assert change(result, before, RIGHT) > 0.005
    soft = stylize(method, feedforward_settings(method, feather=8), protect={"subject": "mask.png"})
    assert torch.equal(soft[..., LEFT], before[..., LEFT])
    assert change(soft, result, slice(16, 24)) > 0


@pytest.mark.parametrize("method", ["micro", "photo", "adain", "multi"])
def test_regions_have_styles_of_their_own(bench: Path, feedforward_settings: Pass, method: str) -> None:
    one, two = ("candy", "rain") if method == "multi" else ("style.png", "other.png")
    settings, region = feedforward_settings(method), {"left": "mask.png"}
    both = stylize(method, settings, {"left": one, "background": two}, region=region)
    same = stylize(method, settings, {"left": one, "background": one}, region=region)
    # The picture is hardly wider than what a network sees of it at once, so the border is everywhere.
    assert change(both, same, RIGHT) > 2 * change(both, same, LEFT)


@pytest.mark.parametrize("method", ["micro", "photo", "adain", "multi"])
def test_styles_are_mixed_by_their_weights(bench: Path, feedforward_settings: Pass, method: str) -> None:
    one, two = ("candy", "rain") if method == "multi" else ("style.png", "other.png")
    settings = feedforward_settings(method)
    first, second = stylize(method, settings, one), stylize(method, settings, two)
    assert torch.allclose(stylize(method, settings, {one: 1, two: 0}), first, atol=1e-6)
    mixed = stylize(method, settings, {one: 3, two: 1})
    assert 0 < change(mixed, first) < change(second, first)


@pytest.mark.parametrize("method", ["micro", "photo"])
def test_strengths(bench: Path, feedforward_settings: Pass, method: str) -> None:
    content = pictures.load("photo.png").pixels
    full = stylize(method, feedforward_settings(method))
    assert torch.equal(stylize(method, feedforward_settings(method, strength=0.0)), content)
    half = stylize(method, feedforward_settings(method, strength=0.5))
    assert 0 < change(half, content) < change(full, content)
    own_colors = stylize(method, feedforward_settings(method, color_strength=0.0))
    assert change(own_colors, full) > 0.01
    mean = content.mean((2, 3))
    assert (own_colors.mean((2, 3)) - mean).abs().max() < (full.mean((2, 3)) - mean).abs().max()


@pytest.mark.parametrize("method", ["micro", "adain"])
def test_style_scale_is_the_size_at_which_it_is_encoded(
    bench: Path, feedforward_settings: Pass, method: str
) -> None:
    settings = feedforward_settings(method)
    half = stylize(method, settings, "style.png:scale=0.5")
    assert torch.equal(half, stylize(method, {**settings, "style_scale": 0.5}))
    assert change(half, stylize(method, settings)) > 1e-4


@pytest.mark.parametrize("method", FEEDFORWARD)
def test_content_colors_can_be_kept(bench: Path, feedforward_settings: Pass, method: str) -> None:
    content = pictures.load("photo.png").pixels
    changed = stylize(method, feedforward_settings(method))
    unchanged = stylize(method, feedforward_settings(method, keep_color=True))
    # Not wholly: what is too light or dark for its color becomes paler.
    assert chroma_between(unchanged, content) < 0.6 * chroma_between(changed, content)
    for how, name in (("match", "coral"), ("histogram", "histogram")):
        result = stylize(method, feedforward_settings(method, keep_color=True, color_method=how))
        if method in ARBITRARY_STYLE:
            style = color_transfer(pictures.load("style.png").pixels, content, name)
            expected = stylize(method, feedforward_settings(method), style)
        else:
            expected = color_transfer(changed, content, name)
        assert torch.allclose(result, expected, atol=1.01 / 255)
        assert change(result, changed) > 0.002


class NoteList(ProgressReporter):
    """Collects notes."""

    def __init__(self, notes: list[str]) -> None:
        self.notes = notes

    def note(self, message: str) -> None:
        self.notes.append(message)


def few_colors() -> dict[str, np.ndarray]:
    """Styles whose colors have a singular covariance, or one value nearly everywhere."""
    rng = np.random.default_rng(0)
    gray = rng.integers(0, 256, (36, 36, 1), np.uint8).repeat(3, 2)
    sheet = np.full((36, 36, 3), 250, np.uint8)
    sheet[3:6, 3:9] = (200, 30, 30)
    solid = np.full((36, 36, 3), 120, np.uint8)
    return {"gray": gray, "one bit": gray // 128 * 255, "sheet": sheet, "solid": solid}


@pytest.mark.parametrize("color_method", ["match", "histogram"])
@pytest.mark.parametrize("method", ["micro", "photo", "adain"])
def test_colors_are_kept_with_a_style_of_few_colors(
    bench: Path, feedforward_settings: Pass, method: str, color_method: str
) -> None:
    content = pictures.load("photo.png").pixels
    for name, style in few_colors().items():
        notes: list[str] = []
        output = stylize(
            method,
            feedforward_settings(method, keep_color=True, color_method=color_method),
            Image.fromarray(style),
            reporter=NoteList(notes),
        )
        assert any("too few colors" in note for note in notes), name
        spread, original = (rgb_to_oklab(p)[0, 1:].flatten(1) for p in (output, content))
        torch.testing.assert_close(spread.mean(1), original.mean(1), rtol=0, atol=0.06)
        if method != "adain":  # its luminance, and so its gamut, is the style's
            assert float(spread.std()) > 0.5 * float(original.std()), name


@pytest.mark.parametrize("method", [name for name in METHODS if name != "fast"])
def test_pictures_of_one_color(bench: Path, feedforward_settings: Pass, method: str) -> None:
    settings = feedforward_settings(method) if method != "optimize" else {"method": method, "threads": 1}
    if method == "optimize":
        settings |= {"first_size": 32, "iterations": 2, "last_iterations": 2, "size": 0}
    for value in (0, 120, 255):
        solid = Image.fromarray(np.full((300, 400, 3), value, np.uint8)).resize((40, 30))
        for style in few_colors().values():
            chosen = style_for(method) if method == "multi" else Image.fromarray(style)
            for colors in ({}, {"keep_color": True, "color_method": "match"}):
                output = bottega.stylize(solid, chosen, **settings, **colors).picture.pixels
                assert bool(output.isfinite().all())


@pytest.mark.parametrize("method", FEEDFORWARD)
def test_size_alpha_and_bits(bench: Path, feedforward_settings: Pass, method: str) -> None:
    image = Image.open("photo.png").convert("RGBA")
    image.putalpha(Image.open("mask.png"))
    settings = feedforward_settings(method, size=64, bits=16)
    result = bottega.stylize(image, style_for(method), output="deep.png", **settings).picture
    assert (result.width, result.height, result.bits) == (64, 48, 16)
    assert result.alpha is not None
    assert pictures.load("deep.png").bits == 16
    plain = bottega.stylize(image, style_for(method), **feedforward_settings(method)).picture
    assert torch.equal(plain.alpha, pictures.as_picture(image).alpha)


def test_texture_is_on_by_default_and_in_the_recipe(bench: Path, feedforward_settings: Pass) -> None:
    result = bottega.stylize("photo.png", "style.png", output="out.png", **feedforward_settings("micro"))
    assert result.recipe["settings"]["texture"] == 1
    assert change(result.tensor, stylize("micro", feedforward_settings("micro", texture=0.0))) > 0.01


@pytest.mark.parametrize("method", ["micro", "photo"])
def test_eight_bit_path_equals_float_path(bench: Path, feedforward_settings: Pass, method: str) -> None:
    short = bottega.stylize("photo.png", "style.png", **feedforward_settings(method)).picture
    long = bottega.stylize("photo.png", "style.png", **feedforward_settings(method, bits=16)).picture
    assert short.samples is not None
    assert long.samples is None
    assert (short.pixels - long.pixels).abs().max() < 1.01 / 255


def test_a_full_mask_equals_no_mask(bench: Path, feedforward_settings: Pass) -> None:
    Image.new("L", (40, 30), 255).save("all.png")
    whole = stylize("micro", feedforward_settings())
    masked = stylize(
        "micro",
        feedforward_settings(),
        {"a": "style.png"},
        region={"a": "all.png"},
        protect={"background": None},
    )
    assert (whole - masked).abs().max() < 1.01 / 255


def cut_out(picture: Any, hidden: Any) -> Image.Image:
    """The picture, beside a transparent half under which lies ``hidden``."""
    joined = np.concatenate([np.asarray(Image.open(picture)), np.asarray(hidden)], 1)
    alpha = np.full(joined.shape[:2], 255, np.uint8)
    alpha[:, joined.shape[1] // 2 :] = 0
    return Image.fromarray(np.dstack([joined, alpha]))


def hidden_colors(size: tuple[int, int]) -> list[Image.Image]:
    return [Image.new("RGB", size, color) for color in ("black", "red", "white")]


@pytest.mark.parametrize("method", ARBITRARY_STYLE)
def test_transparent_parts_of_a_style_are_ignored(
    bench: Path, feedforward_settings: Pass, method: str
) -> None:
    settings = feedforward_settings(method)
    styles = [cut_out("style.png", hidden) for hidden in hidden_colors((36, 36))]
    first, *others = (stylize(method, settings, style) for style in styles)
    assert all(torch.equal(output, first) for output in others)
    assert change(first, stylize(method, settings, styles[0].convert("RGB"))) > 1e-4


@pytest.mark.parametrize("keep_color", [False, True])
@pytest.mark.parametrize("method", FEEDFORWARD)
def test_transparent_parts_of_the_content_are_ignored(
    bench: Path, feedforward_settings: Pass, method: str, keep_color: bool
) -> None:
    more = {"keep_color": True, "color_method": "match"} if keep_color else {}
    settings = feedforward_settings(method, **more)
    outputs = [
        bottega.stylize(cut_out("photo.png", hidden), style_for(method), **settings).picture
        for hidden in hidden_colors((40, 30))
    ]
    for output in outputs:
        assert torch.equal(output.pixels, outputs[0].pixels)
        assert output.alpha is not None
        assert output.alpha[0, 0, 0, [0, 39, 40, 79]].tolist() == [1, 1, 0, 0]
    if method in ("micro", "photo"):
        # The statistics are those of the visible half: it looks as if it were the whole picture.
        alone = stylize(method, settings)
        assert change(outputs[0].pixels[..., :40], alone, slice(0, 30)) < 0.03


def test_masks_that_cover_transparent_pixels_only(bench: Path, feedforward_settings: Pass) -> None:
    content = cut_out("photo.png", Image.new("RGB", (40, 30)))
    mask = Image.fromarray((255 - np.asarray(content)[..., 3]).copy())
    with pytest.raises(PictureError, match="nothing but transparent pixels"):
        bottega.stylize(
            content,
            {"a": "style.png", "background": "style.png"},
            region={"a": mask},
            **feedforward_settings(),
        )


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_every_engine_is_reproducible(bench: Path, feedforward_settings: Pass, engine: str) -> None:
    # Not importorskip(): OpenVINO is imported by our engine alone, which keeps it from reporting that.
    if find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed")
    settings = feedforward_settings(engine=engine, precision="auto")
    result = bottega.stylize("photo.png", "style.png", output="out.png", **settings)
    assert result.recipe["settings"]["engine"] == engine
    assert result.recipe["settings"]["precision"] in ("fp32", "bf16")
    tool = TOOLS["remake"]
    assert "same pixels" in tool.run(tool.configure({"picture": "out.png", "verify": True})).summary
    exact = stylize("micro", feedforward_settings())
    assert change(result.tensor, exact) < 0.01
    other = tool.configure({"picture": "out.png", "output": "again.png", "engine": "torch"})
    assert tool.run(other).details["recipe"]["settings"]["engine"] == engine
    recipe = pictures.read_recipe("again.png")
    assert recipe is not None
    assert recipe["settings"]["engine"] == "torch"


def test_cancel(bench: Path, feedforward_settings: Pass) -> None:
    class Stop(ProgressReporter):
        def cancelled(self) -> bool:
            return True

    for method in FEEDFORWARD:
        with pytest.raises(Cancelled, match="no result was written"):
            stylize(method, feedforward_settings(method), reporter=Stop())


def test_number_of_threads_is_restored(bench: Path, feedforward_settings: Pass) -> None:
    torch.set_num_threads(2)
    stylize("micro", feedforward_settings())
    assert torch.get_num_threads() == 2


def test_too_little_memory_is_reported_before_the_work(
    bench: Path, feedforward_settings: Pass, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bottega import runtime
    from bottega.errors import ResourceError

    monkeypatch.setattr(runtime, "available_memory", lambda: 10_000_000)
    for method in FEEDFORWARD:
        with pytest.raises(ResourceError, match=r"--size \d+ would fit"):
            stylize(method, feedforward_settings(method))


def test_missing_and_unknown_styles(bench: Path, feedforward_settings: Pass) -> None:
    with pytest.raises(SettingsError, match="micro needs a style"):
        bottega.stylize("photo.png", **feedforward_settings())
    with pytest.raises(SettingsError, match=r"--style is for .*; fast has the one style"):
        bottega.stylize("photo.png", "style.png", **feedforward_settings("fast"))
    with pytest.raises(
        SettingsError, match=r'no style "cndy"; it has candy, mosaic, rain\. Did you mean "candy"'
    ):
        bottega.stylize("photo.png", "cndy", **feedforward_settings("multi"))


def test_memory_of_large_results_is_that_of_tiles(bench: Path, feedforward_settings: Pass) -> None:
    from dataclasses import replace

    from bottega.tools.stylize.methods.base import SideOutputs, StylizeRequest
    from bottega.tools.stylize.pipeline import StylizePipeline, open_method
    from bottega.tools.stylize.plan import parse_plan

    method = open_method(TransferSettings(**feedforward_settings()))
    pipeline = StylizePipeline(parse_plan(["style.png"]), method)
    request = StylizeRequest(
        pipeline.plan, pictures.load("photo.png"), [], (3000, 4000), ProgressReporter(), SideOutputs()
    )
    untiled = method.memory_needed(request)
    assert method.memory_needed(replace(request, size=(10_000, 10_000))) < 5 * untiled


@pytest.mark.parametrize("megapixels", [40, 100])
@pytest.mark.parametrize("method", ["micro", "photo"])
def test_large_prints_fit_into_3_gigabytes(
    bench: Path, feedforward_settings: Pass, method: str, megapixels: int
) -> None:
    """From 8 bits to 8 bits a picture is stylized in tiles, so that 3 GB are enough."""
    from bottega.tools.stylize.methods.base import SideOutputs, StylizeRequest
    from bottega.tools.stylize.pipeline import StylizePipeline, open_method
    from bottega.tools.stylize.plan import parse_plan

    opened = open_method(TransferSettings(**feedforward_settings(method)))
    pipeline = StylizePipeline(parse_plan(["style.png"]), opened)
    side = round((megapixels * 1e6) ** 0.5)
    # One pixel that is repeated without memory.
    content = pictures.Picture(np.broadcast_to(np.full((1, 1, 3), 120, np.uint8), (side, side, 3)))
    small = pictures.load("photo.png")
    regions = pipeline._regions(small)
    request = StylizeRequest(pipeline.plan, content, regions, (side, side), ProgressReporter(), SideOutputs())
    assert opened.memory_needed(request) < 3e9
