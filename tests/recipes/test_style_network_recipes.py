"""The recipes of networks with fixed styles, on a collection of noise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bottega import pictures
from bottega.transfer.feedforward import MultiStyleNet, TransformerNet, load
from recipes.fast.__main__ import main as fast
from recipes.fast.collection import collection_photos
from recipes.multi.__main__ import main as multi

TINY = ["--steps", "2", "--size", "32", "--batch", "1", "--style-size", "64", "--width", "2"]


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOTTEGA_PRECISION", "fp32")
    monkeypatch.setenv("BOTTEGA_DEVICE", "cpu")
    root = tmp_path / "data"
    for folder in ("paintings/artist", "photos/open"):
        (root / folder).mkdir(parents=True)
    (root / "paintings/index.csv").write_text("file,artist\nartist/1.png,Artist\n")
    pictures.save(torch.rand(1, 3, 20, 24), root / "paintings/artist/1.png")
    for index in range(24):
        pictures.save(torch.rand(1, 3, 40, 48), root / f"photos/open/{index}.png")
    return root


def test_validation_photographs_are_not_in_training(collection: Path) -> None:
    photos = collection_photos(collection)
    names = {file.name for file in photos.training.files}
    held_out = {file.name for file in photos.held_out.files}
    assert len(names) > 10
    assert held_out
    assert names.isdisjoint(held_out)
    assert all(file.parent.name == "open" for file in photos.training.files)


def test_single_style_recipe(collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    args = ["--data", str(collection), "--run", str(run), "--style", "woodcut", *TINY, "--network", "fast"]
    assert fast(args) == 0
    assert isinstance(load(run / "woodcut.safetensors"), TransformerNet)
    assert json.loads((run / "recipe.json").read_text())["network"] == "fast"
    # Another training in the same folder is rejected.
    assert fast([*args, "--seed", "1"]) == 2
    assert "holds a training with seed 0, not 1" in capsys.readouterr().err


def test_multi_style_recipe(collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two of the seventeen styles: drawing all would take longer than the training.
    from recipes.multi import __main__ as recipe

    monkeypatch.setattr(recipe, "STYLES", {name: recipe.STYLES[name] for name in ("woodcut", "pointillism")})
    assert multi(["--data", str(collection), "--run", str(tmp_path / "run"), *TINY, "--blocks", "0"]) == 0
    network = load(tmp_path / "run" / "multi.safetensors")
    assert isinstance(network, MultiStyleNet)
    assert network.styles == ("woodcut", "pointillism")
