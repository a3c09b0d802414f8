"""What is done by itself, with the networks that ship: nothing but a picture and a style is given."""

from __future__ import annotations

from pathlib import Path

import pytest

import bottega
from bottega import pictures
from bottega.cli import main
from bottega.weights.registry import manifest


@pytest.mark.parametrize("method", ["micro", "photo"])
def test_a_picture_and_a_style_are_enough(bench: Path, method: str) -> None:
    if method not in manifest():
        pytest.skip(f"no network {method} ships with this version")
    more = [] if method == "micro" else ["--method", method]
    assert main(["stylize", "flower", "--style", "risograph", "-o", "out.jpg", *more]) == 0
    made = pictures.load("out.jpg")
    assert (made.width, made.height) == (640, 427)
    assert (made.pixels - pictures.photograph("flower").pixels).abs().mean() > 0.03
    assert made.recipe is not None
    assert made.recipe["settings"]["method"] == method
    assert made.recipe["model"]["sha256"] == manifest()[method].sha256
    assert main(["remake", "out.jpg", "--verify"]) == 0


def test_regions_and_what_is_left_with_the_packaged_network(bench: Path) -> None:
    if "micro" not in manifest():
        pytest.skip("no network micro ships with this version")
    made = bottega.stylize("photo.png", "risograph", protect={"face": "mask.png"}).picture.pixels
    assert made[..., :20].equal(pictures.load("photo.png").pixels[..., :20])
