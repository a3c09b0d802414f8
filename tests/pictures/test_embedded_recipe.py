"""The recipe inside files of every format."""

from __future__ import annotations

import base64
import zlib

import pytest
import torch
from PIL import Image, PngImagePlugin
from synthetic_files import chunk, encoded

from bottega.errors import OutputError
from bottega.pictures import as_picture, embedded_recipe, encode, load, read_recipe, save

RECIPE = {
    "tool": "stylize",
    "style": ["Gemälde „Käthe“", "神奈川沖浪裏", "🎨"],
    "awkward": "<&>\"' ]]> \x01\x7f \ud800 \uffff \\u0041",
    "numbers": [1, 2.5, -1e-7, None, True],
    "nested": {"": {}},
}
FORMATS = ["png", "jpg", "webp", "tif", "avif"]
PICTURE = torch.rand(1, 3, 6, 5, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("suffix", FORMATS)
def test_recipe_survives_conversion_between_formats(suffix: str, tmp_path) -> None:
    path = save(PICTURE, tmp_path / f"first.{suffix}", recipe=RECIPE)
    assert read_recipe(path) == RECIPE
    loaded = load(path)
    assert loaded.recipe == RECIPE
    assert loaded.notes == ()
    for other in FORMATS:
        again = save(loaded, tmp_path / f"second.{other}")
        assert load(again).recipe == read_recipe(again) == RECIPE


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_recipe_in_16_bit_files(kind: str) -> None:
    for recipe in (RECIPE, RECIPE | {"long": "é" * 5000}):
        assert load(encode(PICTURE, kind, bits=16, recipe=recipe)).recipe == recipe


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_long_recipes(kind: str) -> None:
    recipe = {"steps": [f"step {i} of {i * 7919 % 104729}" for i in range(8000)]}
    assert load(encode(PICTURE, kind, recipe=recipe)).recipe == recipe


def test_too_long_recipes_are_rejected() -> None:
    noise = base64.b64encode(torch.randint(0, 256, (90_000,), dtype=torch.uint8).numpy().tobytes()).decode()
    with pytest.raises(OutputError, match="write a PNG or TIFF"):
        encode(PICTURE, "JPEG", recipe={"noise": noise})
    assert load(encode(PICTURE, "PNG", recipe={"noise": noise})).recipe == {"noise": noise}
    with pytest.raises(OutputError, match="longer than"):
        encode(PICTURE, "PNG", recipe={"noise": "x" * 1_000_000})


def test_recipes_that_are_not_json() -> None:
    for value in (float("nan"), {1, 2}, torch.ones(1)):
        with pytest.raises(OutputError, match="JSON"):
            encode(PICTURE, "PNG", recipe={"value": value})


def test_recipe_argument_replaces_the_picture_recipe() -> None:
    picture = load(encode(PICTURE, "PNG", recipe={"a": 1}))
    assert load(encode(picture, "PNG")).recipe == {"a": 1}
    assert load(encode(picture, "PNG", recipe={"b": 2})).recipe == {"b": 2}
    assert load(encode(PICTURE, "PNG")).recipe is None


@pytest.mark.parametrize("text", ["{", "[1]", "null", "[" * 100_000, '{"a":' * 5000])
def test_damaged_recipe_is_ignored_with_a_note(text: str) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("bottega", text)
    picture = load(encoded(Image.new("RGB", (2, 2)), "PNG", pnginfo=info))
    assert picture.recipe is None
    assert "recipe" in picture.notes[0]


@pytest.mark.parametrize("packet", [
    b"urn:bottega:recipe:1 is not XML",
    b'<!DOCTYPE x [<!ENTITY a "{}">]><x xmlns:b="urn:bottega:recipe:1"><b:recipe>&a;</b:recipe></x>',
    b'<x xmlns:b="urn:bottega:recipe:1"><b:deflated>!!!</b:deflated></x>',
    b'<x xmlns:b="urn:bottega:recipe:1"><b:deflated>'
    + base64.b64encode(zlib.compress(b"a" * 50_000_000)) + b"</b:deflated></x>",
])  # fmt: skip
def test_malicious_xmp_is_ignored_with_a_note(packet: bytes) -> None:
    picture = load(encoded(Image.new("RGB", (2, 2)), "JPEG", xmp=packet))
    assert picture.recipe is None
    assert "recipe" in picture.notes[0]


def test_other_metadata_is_ignored() -> None:
    foreign = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>recipe</a></x:xmpmeta>'
    picture = load(encoded(Image.new("RGB", (2, 2)), "JPEG", xmp=foreign))
    assert picture.recipe is None
    assert picture.notes == ()


def test_xmp_rewritten_by_other_programs() -> None:
    """As an attribute with another prefix (XMP editors), and behind the pixels (PNG optimizers)."""
    packet = b"""<x xmlns:z="urn:bottega:recipe:1"><d z:recipe='{"a":1}'/></x>"""
    assert load(encoded(Image.new("RGB", (2, 2)), "JPEG", xmp=packet)).recipe == {"a": 1}
    content = encoded(Image.new("RGB", (2, 2)), "PNG")
    moved = content[:-12] + chunk(b"iTXt", b'bottega\0\0\0\0\0{"a":1}') + content[-12:]
    assert read_recipe(moved) == load(moved).recipe == {"a": 1}


def test_recipe_is_readable_text() -> None:
    content = encode(as_picture(PICTURE), "PNG", recipe={"style": "Käthe"})
    assert 'bottega\0\0\0\0\0{"style":"Käthe"}'.encode() in content
    assert embedded_recipe.to_json({"a": "\ud800é"}) == '{"a":"\\ud800é"}'
