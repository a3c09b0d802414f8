"""The recipe of the packaged generators: what it learns from, and a slice from small to large."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bottega import generation, pictures
from bottega.errors import SettingsError
from bottega.generation import FewShotGenerator
from recipes.generate.__main__ import main, train
from recipes.generate.config import GenerateRecipe
from recipes.generate.score import main as score
from recipes.generate.sets import SETS, files_by_class

COLLECTION = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    root, rng = tmp_path / "data", np.random.default_rng(0)
    for folder in ("paintings", "photos/open", "kaokore/female-noble", "kaokore/male-warrior"):
        (root / folder).mkdir(parents=True)
    for name in ("female-noble", "male-warrior"):
        for number in range(6):
            printed = rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(printed).save(root / "kaokore" / name / f"{number}.jpg")
    return root


def test_a_slice(collection: Path, tmp_path: Path) -> None:
    recipe = GenerateRecipe(size=32, steps=2, width=4, batch=4)
    run = tmp_path / "run"
    train(data=collection, run=run, recipe=recipe)
    best, last = (generation.load(run / f"{name}.safetensors") for name in ("generator", "last"))
    assert (best.size, last.size) == (32, 32)
    assert best.classes == ("female-noble", "male-warrior")
    with pytest.raises(SettingsError, match="holds a training with width 4, not 8"):
        train(data=collection, run=run, recipe=recipe.model_copy(update={"width": 8}))


def test_score(collection: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    file = tmp_path / "g.safetensors"
    generation.save(FewShotGenerator(32, 8, ("female-noble", "male-warrior"), width=4), file)
    words = [str(file), "--data", str(collection), "--out", str(tmp_path / "score"), "--truncation", "0.9"]
    assert score(words) == 0
    rows = json.loads((tmp_path / "score" / "figures.json").read_text())
    assert rows["pictures"] == 12
    assert rows["fid[small]"] > 1  # gray is far from noise
    low, high = rows["kid[random]"][1:]
    assert low <= high
    assert 0 <= rows["precision[small]"][0] <= 1
    assert rows["novelty[small]"]["median"] > 0
    for sheet in ("samples.png", "nearest.png"):
        assert pictures.load(tmp_path / "score" / sheet).width > 8 * 128


def test_unknown_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path), "--run", str(tmp_path / "run")]) == SettingsError.exit_code
    assert "is not the picture collection" in capsys.readouterr().err
    with pytest.raises(SettingsError, match='set "portraits"; use faces, landscapes'):
        files_by_class("portraits", tmp_path)


def test_settings_of_the_training() -> None:
    settings = GenerateRecipe(rate=1e-4).settings
    assert settings.rates == (1e-4, 8e-4)
    assert (settings.size, settings.grow, settings.steps) == (64, 10 / 18, 18_000)


@pytest.mark.shared
def test_sets_of_the_collection() -> None:
    if not COLLECTION.is_dir():
        pytest.skip("the picture collection is not here")
    faces = files_by_class("faces", COLLECTION)
    assert len(faces) == 8
    assert sum(map(len, faces.values())) > 1000
    landscapes = SETS["landscapes"](COLLECTION)
    assert all(len(files) >= 50 for files in landscapes.values())
    assert not any("tarot" in str(file) for files in landscapes.values() for file in files)
