"""A recipe makes the same picture again, and changes are reported."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bottega import pictures
from bottega.errors import MismatchError, OutputError, PictureError, ResourceError, SettingsError
from bottega.tools.registry import TOOLS


def stylize(**settings: object) -> None:
    tool = TOOLS["stylize"]
    tool.run(tool.configure(settings))


def remake(**settings: object) -> str:
    tool = TOOLS["remake"]
    return tool.run(tool.configure(settings)).summary


@pytest.fixture
def result(bench: Path, quick_optimize_settings: dict[str, object]) -> Path:
    stylize(
        content="photo.png", style=["style.png", "other.png:0.5"], output="out.png", **quick_optimize_settings
    )
    return bench / "out.png"


@pytest.mark.parametrize("name", ["out.png", "out.jpg", "out.webp", "out.tif"])
def test_round_trip(bench: Path, quick_optimize_settings: dict[str, object], name: str) -> None:
    masks = {"region": ["a=mask.png"], "style": ["a=style.png", "other.png:2"]}
    stylize(content="photo.png", output=name, **masks, **quick_optimize_settings, keep_color=True, quality=60)
    assert "same pixels" in remake(picture=name, verify=True)
    remake(picture=name, output=f"again-{name}")
    assert (bench / name).read_bytes() == (bench / f"again-{name}").read_bytes()


def test_bundled_styles_round_trip(bench: Path, quick_optimize_settings: dict[str, object]) -> None:
    stylize(content="photo.png", style=["risograph@1:0.5"], output="out.png", **quick_optimize_settings)
    assert "same pixels" in remake(picture="out.png", verify=True)


def test_sixteen_bits_round_trip(bench: Path, quick_optimize_settings: dict[str, object]) -> None:
    stylize(content="photo.png", style=["style.png"], output="deep.png", bits=16, **quick_optimize_settings)
    assert "same pixels" in remake(picture="deep.png", verify=True)


def test_a_remade_picture_carries_the_recipe(result: Path) -> None:
    remake(picture="out.png", output="again.jpg")
    first, second = pictures.read_recipe(result), pictures.read_recipe("again.jpg")
    assert first == second


def test_changed_pixels(result: Path) -> None:
    recipe = pictures.read_recipe(result)
    pixels = pictures.load(result).pixels
    pixels[0, 0, 3, 5] = (pixels[0, 0, 3, 5] - 100 / 255).abs()
    pictures.save(pixels, result, recipe=recipe)
    with pytest.raises(MismatchError, match=r"differs .* by up to \d+"):
        remake(picture="out.png", verify=True)


def test_a_changed_input(result: Path) -> None:
    Image.new("RGB", (40, 30)).save("photo.png")
    with pytest.raises(MismatchError, match=r"photo\.png has changed"):
        remake(picture="out.png", verify=True)


def test_moved_inputs_are_found_by_their_hash(result: Path) -> None:
    archive = result.parent / "archive" / "2024"
    archive.mkdir(parents=True)
    shutil.move("photo.png", archive / "renamed.png")
    with pytest.raises(PictureError, match=r"photo\.png .* --search"):
        remake(picture="out.png", verify=True)
    assert "same pixels" in remake(picture="out.png", verify=True, search=["archive"])


def test_inputs_beside_a_moved_picture_are_found(result: Path, tmp_path: Path) -> None:
    parcel = tmp_path / "parcel"
    parcel.mkdir()
    for name in ("out.png", "photo.png", "style.png", "other.png"):
        shutil.move(name, parcel / name)
    assert "same pixels" in remake(picture=parcel / "out.png", verify=True)


def test_other_weights(result: Path) -> None:
    recipe = pictures.read_recipe(result)
    assert recipe is not None
    recipe["encoder"]["sha256"] = "0" * 64
    pictures.save(pictures.load(result), result, recipe=recipe)
    with pytest.raises(MismatchError, match="tiny"):
        remake(picture="out.png", verify=True)


@pytest.mark.parametrize("key", ["settings", "content", "styles", "regions", "encoder"])
def test_damaged_recipe(result: Path, key: str) -> None:
    recipe = pictures.read_recipe(result)
    assert recipe is not None
    del recipe[key]
    pictures.save(pictures.load(result), result, recipe=recipe)
    with pytest.raises(PictureError, match="incomplete or damaged"):
        remake(picture="out.png", verify=True)


def test_recipe_of_another_version(result: Path) -> None:
    recipe = pictures.read_recipe(result)
    assert recipe is not None
    recipe |= {"bottega": "9.9", "settings": {**recipe["settings"], "sparkle": 1}}
    pictures.save(pictures.load(result), result, recipe=recipe)
    with pytest.raises(SettingsError, match=r"version 9\.9.*sparkle"):
        remake(picture="out.png", verify=True)


def test_device_option_replaces_a_missing_device(result: Path) -> None:
    recipe = pictures.read_recipe(result)
    assert recipe is not None
    recipe["settings"]["device"] = "cuda:99"
    pictures.save(pictures.load(result), result, recipe=recipe)
    with pytest.raises(ResourceError, match="cuda:99"):
        remake(picture="out.png", verify=True)
    assert "same pixels" in remake(picture="out.png", verify=True, device="cpu")


def test_bad_requests(result: Path) -> None:
    with pytest.raises(PictureError, match=r"no recipe in photo\.png"):
        remake(picture="photo.png", verify=True)
    with pytest.raises(SettingsError, match="--verify"):
        remake(picture="out.png")
    with pytest.raises(OutputError, match="never overwritten"):
        remake(picture="out.png", output="photo.png", overwrite=True)


def test_runs_repeat_bit_for_bit_and_seeds_differ(
    bench: Path, quick_optimize_settings: dict[str, object]
) -> None:
    for name, seed in (("a.png", 5), ("b.png", 5), ("c.png", 6)):
        more = {"seed": seed, "start": "noise", "output": name}
        stylize(content="photo.png", style=["style.png"], **more, **quick_optimize_settings)
    a, b, c = (np.asarray(Image.open(name)) for name in ("a.png", "b.png", "c.png"))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_a_recipe_without_its_start_is_damaged(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    values = {"content": "photo.png", "style": ["style.png"], "output": "out.png", **quick_optimize_settings}
    stylize(start="other.png", **values)
    recipe = pictures.read_recipe("out.png")
    assert recipe is not None
    del recipe["start"]
    pictures.save(pictures.load("out.png"), "out.png", recipe=recipe)
    with pytest.raises(PictureError, match=r"incomplete or damaged .*start"):
        remake(picture="out.png", verify=True)


def test_a_number_out_of_range_in_a_recipe(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    values = {"content": "photo.png", "style": ["style.png"], "output": "out.png", **quick_optimize_settings}
    stylize(**values)
    recipe = pictures.read_recipe("out.png")
    assert recipe is not None
    recipe["styles"][0]["scale"] = -2
    pictures.save(pictures.load("out.png"), "out.png", recipe=recipe)
    with pytest.raises(SettingsError, match=r"recipe in out\.png .* scale of the style"):
        remake(picture="out.png", verify=True)
