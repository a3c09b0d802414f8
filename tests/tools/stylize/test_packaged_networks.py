"""Default settings with the packaged networks."""

from __future__ import annotations

from pathlib import Path

import pytest

import bottega
from bottega import pictures
from bottega.cli import main
from bottega.weights.registry import manifest


@pytest.mark.parametrize("method", ["micro", "photo"])
def test_default_settings(bench: Path, method: str) -> None:
    if method not in manifest():
        pytest.skip(f"no network {method} ships with this version")
    more = [] if method == "micro" else ["--method", method]
    assert main(["stylize", "flower", "--style", "risograph", "-o", "out.jpg", *more]) == 0
    result = pictures.load("out.jpg")
    assert (result.width, result.height) == (640, 427)
    assert (result.pixels - pictures.photograph("flower").pixels).abs().mean() > 0.03
    assert result.recipe is not None
    assert result.recipe["settings"]["method"] == method
    assert result.recipe["model"]["sha256"] == manifest()[method].sha256
    assert main(["remake", "out.jpg", "--verify"]) == 0


def test_protect_with_the_packaged_network(bench: Path) -> None:
    if "micro" not in manifest():
        pytest.skip("no network micro ships with this version")
    result = bottega.stylize("photo.png", "risograph", protect={"subject": "mask.png"}).picture.pixels
    assert result[..., :20].equal(pictures.load("photo.png").pixels[..., :20])
