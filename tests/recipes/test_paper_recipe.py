"""The study's tables at the smallest size: every protocol runs through, and says what it measured."""

import json

import pytest
import torch
from torch.nn import functional as F

from bottega import pictures
from bottega.errors import PictureError, SettingsError
from bottega.evaluation import Interval
from recipes.paper import tables
from recipes.paper.__main__ import main
from recipes.paper.config import PaperRecipe
from recipes.paper.models import MODELS
from recipes.paper.report import markdown, write
from recipes.paper.sets import PictureSplit, collection, subset, user_pictures
from recipes.paper.stylegan import STYLE_DIM, Modulated, StyleGenerator

RECIPE = PaperRecipe(size=32, steps=2, samples=8, pairs=4, refine=0, width=4, batch=2, rules_side=96)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A collection of two classes of faces, as the recipe expects to find it."""
    root = tmp_path_factory.mktemp("collection")
    for folder in ("paintings", "photos/open", "kaokore/warrior", "kaokore/noble"):
        (root / folder).mkdir(parents=True)
    for index in range(60):
        coarse = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(index))
        place = root / "kaokore" / ("warrior" if index % 2 else "noble")
        pictures.save(F.interpolate(coarse, size=(36, 36)), place / f"{index:03d}.jpg")
    return root


@pytest.fixture(scope="module")
def experiment(root, tmp_path_factory):
    return tables.Experiment(RECIPE, collection(root), tmp_path_factory.mktemp("run"))


def test_nothing_held_out_trains(root, tmp_path):
    for split in (collection(root), subset(root, 50)):
        assert not set(split.files) & set(split.held_out)
        assert len(split.held_out) >= 8
        assert set(split.training) == {"warrior", "noble"}
    assert set(subset(root, 50).files + subset(root, 50).held_out) < set(
        collection(root).files + collection(root).held_out
    )
    with pytest.raises(PictureError, match="held out"):
        subset(root, 10)
    with pytest.raises(PictureError, match="not a folder"):
        user_pictures(tmp_path / "none")
    with pytest.raises(SettingsError, match="not the picture collection"):
        collection(tmp_path)


@pytest.mark.parametrize("names", [
    ("bottega", "stylegan"),
    pytest.param(tuple(MODELS), marks=pytest.mark.slow),
])  # fmt: skip
def test_models_have_one_budget(experiment, names):
    table = tables.table_8(experiment, names)
    assert [row["model"] for row in table.rows] == [
        MODELS["bottega"].title,
        f"{MODELS['bottega'].title}, adjusted",
        *(MODELS[name].title for name in names[1:]),
    ]
    assert "2 steps" in table.title
    for row in table.rows:
        match = row["personalization match ↑"]
        assert isinstance(match, Interval)
        assert 0 <= match.low <= match.estimate <= match.high <= 1
        assert row["KID[small] ↓"].estimate > 0
    assert all(len(files) == RECIPE.samples for files in table.sheets.values())


@pytest.mark.slow
def test_tables_of_quality_and_style(experiment, tmp_path):
    quality, style = tables.table_1(experiment), tables.table_2(experiment)
    assert [row["method"] for row in quality.rows] == ["people", "rules", "DCGAN", "Bottega (few-shot)"]
    scores = [cell for row in quality.rows for cell in row.values() if isinstance(cell, Interval)]
    assert len(scores) == 4 * 5
    assert all(0 <= score.low <= score.estimate <= score.high <= 10 for score in scores)
    assert [row["method"] for row in style.rows] == ["rules", "DCGAN", "Bottega (few-shot)"]
    page = write(quality, "table-1", RECIPE, tmp_path)
    values = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert values["rows"][0]["method"] == "people"
    assert values["settings"]["steps"] == 2
    assert page.with_suffix(".png").exists()
    assert page.read_text(encoding="utf-8").count("\n| ") == 1 + 1 + 4


def test_table_of_sets(experiment, root, tmp_path):
    small = tables.Experiment(
        RECIPE, PictureSplit("few", experiment.split.training, experiment.split.held_out), experiment.run
    )
    table = tables.table_7([small])
    (row,) = table.rows
    assert row["training"] == len(experiment.split.files)
    assert row["seconds per picture ↓"].estimate > 0
    assert -1 <= row["SSIM ↑"].estimate <= 1
    assert "| few |" in markdown(table)


def test_another_size_needs_another_folder(experiment):
    other = tables.Experiment(RECIPE.model_copy(update={"width": 8}), experiment.split, experiment.run)
    with pytest.raises(SettingsError, match="width"):
        other.samples("bottega")


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    args = ["--table", "8", "--data", str(tmp_path), "--run", str(tmp_path / "run")]
    assert main(args) == 2
    assert "not the picture collection" in capsys.readouterr().err


def test_modulation_is_that_of_the_paper():
    torch.manual_seed(0)
    layer = Modulated(6, 5, 3).eval()
    x, style = torch.randn(2, 6, 8, 8), torch.randn(2, STYLE_DIM)
    scales = layer.affine(style)
    expected = []
    for picture, scale in zip(x, scales, strict=True):
        weight = layer.weight * scale.view(1, -1, 1, 1)
        weight = weight / weight.square().sum(dim=(1, 2, 3), keepdim=True).add(1e-8).sqrt()
        expected.append(F.conv2d(picture[None], weight, layer.bias, padding=1))
    torch.testing.assert_close(layer(x, style), torch.cat(expected), rtol=1e-4, atol=1e-5)


def test_style_generator_draws_and_learns():
    generator = StyleGenerator(32, 16, 4)
    samples = generator(torch.randn(3, 16))
    assert samples.shape == (3, 3, 32, 32)
    assert samples.min() >= 0
    assert samples.max() <= 1
    samples.mean().backward()
    assert all(weight.grad is not None for weight in generator.parameters())
