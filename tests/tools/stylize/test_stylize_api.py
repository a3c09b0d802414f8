"""``bottega.stylize`` and ``bottega.Stylizer``: pictures in every form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import bottega
from bottega import pictures
from bottega.errors import Cancelled, OutputError, PictureError, SettingsError
from bottega.tools.common.progress import ProgressReporter


def forms(path: str) -> dict[str, Any]:
    image = Image.open(path)
    array = np.asarray(image)
    tensor = torch.from_numpy(array.copy()).permute(2, 0, 1)[None].float() / 255
    return {"path": path, "pil": image, "array": array, "tensor": tensor, "picture": pictures.load(path)}


def test_all_forms_give_the_same_picture(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    contents, styles = forms("photo.png"), forms("style.png")
    result = [bottega.stylize(contents[form], styles[form], **quick_optimize_settings) for form in contents]
    assert result[0].picture.pixels.shape == (1, 3, 24, 32)
    for other in result[1:]:
        assert torch.equal(result[0].picture.pixels, other.tensor)


def test_save_writes_pixels_and_recipe(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    result = bottega.stylize("photo.png", "risograph@4", **quick_optimize_settings)
    assert not list(bench.glob("*risograph*"))
    path = result.save("out.png")
    assert (pictures.load(path).pixels - result.tensor).abs().max() <= 0.5 / 255 + 1e-6
    assert pictures.read_recipe(path) == result.recipe
    with pytest.raises(OutputError, match="never overwritten"):
        result.save("photo.png")
    assert result.image.size == (32, 24)
    assert np.array_equal(result.array, np.asarray(result.image))
    assert result._repr_png_().startswith(b"\x89PNG")


def test_output_writes_too(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    bottega.stylize("photo.png", "style.png", output="out.webp", **quick_optimize_settings)
    assert pictures.read_recipe("out.webp") is not None


def test_pictures_in_memory_are_recorded_by_hash(
    bench: Path, quick_optimize_settings: dict[str, Any]
) -> None:
    result = bottega.stylize(Image.open("photo.png"), "style.png", **quick_optimize_settings)
    assert result.recipe["content"]["kind"] == "memory"
    assert len(result.recipe["content"]["sha256"]) == 64


def test_lists_and_dicts_of_styles(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    ways: list[Any] = [
        ["style.png", ("other.png", 0.5)],
        {"style.png": 1, "other.png": 0.5},
        ["style.png", "other.png:0.5"],
    ]
    result = [bottega.stylize("photo.png", way, **quick_optimize_settings) for way in ways]
    assert torch.equal(result[0].picture.pixels, result[1].picture.pixels)
    assert torch.equal(result[0].picture.pixels, result[2].picture.pixels)
    assert [style["weight"] for style in result[0].recipe["styles"]] == [1.0, 0.5]


def test_regions(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    settings = {**quick_optimize_settings, "size": 0}
    mask = np.asarray(Image.open("mask.png"))
    styles = {"left": ["style.png"], "background": {"other.png": 1, "risograph": 2}}
    result = bottega.stylize("photo.png", styles, region={"left": mask}, **settings)
    assert [style["region"] for style in result.recipe["styles"]] == ["left", "background", "background"]
    unchanged = bottega.stylize("photo.png", "style.png", protect={"left": mask}, **settings)
    before = pictures.load("photo.png").pixels
    assert torch.equal(unchanged.tensor[..., :20], before[..., :20])
    assert not torch.equal(unchanged.tensor[..., 20:], before[..., 20:])


def test_number_of_threads_is_unchanged(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    torch.set_num_threads(2)
    bottega.stylize("photo.png", "style.png", **quick_optimize_settings)
    assert torch.get_num_threads() == 2


def test_cancel(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    class Stop(ProgressReporter):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        bottega.stylize("photo.png", "style.png", reporter=Stop(), **quick_optimize_settings)


def test_bad_requests(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    for style, sentence in (
        ([], "list of styles is empty"),
        ([("style.png", -1)], "weight"),
        ({"sky": "style.png"}, "no mask"),
    ):
        with pytest.raises(SettingsError, match=sentence):
            bottega.stylize("photo.png", style, **quick_optimize_settings)
    with pytest.raises(SettingsError, match="sparkle"):
        bottega.stylize("photo.png", "style.png", sparkle=1)
    with pytest.raises(PictureError, match=r"^An object of type int is not a picture"):
        bottega.stylize(3, "style.png", **quick_optimize_settings)
    with pytest.raises(PictureError, match="mask"):
        bottega.stylize("photo.png", "style.png", protect={"a": np.zeros((3, 3))}, **quick_optimize_settings)
    with pytest.raises(AttributeError):
        bottega.sparkle  # noqa: B018


def test_sample_names_are_valid(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    result = bottega.stylize("flower", "style.png", **quick_optimize_settings)
    assert result.recipe["content"] == {"kind": "sample", "name": "flower"}
    assert result.tensor.shape[3] == 32


def test_a_stylizer_keeps_network_and_codes(
    bench: Path, feedforward_settings: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bottega.transfer.feedforward import StyleEngine, engine

    calls = []
    encode = StyleEngine.encode
    monkeypatch.setattr(StyleEngine, "encode", lambda self, *style: calls.append(1) or encode(self, *style))
    stylizer = bottega.Stylizer(**feedforward_settings()).set_style("style.png")
    first, again, other = (stylizer.stylize(name) for name in ("photo.png", "photo.png", "other.png"))
    assert len(calls) == 1
    assert torch.equal(first.tensor, again.tensor)
    assert torch.equal(
        first.tensor, bottega.stylize("photo.png", "style.png", **feedforward_settings()).tensor
    )
    monkeypatch.setattr(engine, "load", lambda source: pytest.fail("the network is loaded again"))
    changed = stylizer.set_style("other.png").stylize("photo.png", output="out.png")
    assert not torch.equal(first.tensor, changed.tensor)
    assert pictures.read_recipe("out.png") == changed.recipe
    assert other.recipe["content"]["name"] == "other.png"
    with pytest.raises(SettingsError, match="needs a style"):
        bottega.Stylizer(**feedforward_settings()).stylize("photo.png")
