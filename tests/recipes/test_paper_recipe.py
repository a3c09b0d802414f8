"""The study's tables at the smallest size: every protocol runs through, and says what it measured."""

import json

import pytest
import torch
from torch.nn import functional as F

from bottega import pictures
from bottega.errors import PictureError, SettingsError
from bottega.evaluate import Interval
from recipes.paper import tables
from recipes.paper.__main__ import main
from recipes.paper.config import PaperRecipe
from recipes.paper.models import MODELS
from recipes.paper.sets import PictureSplit, collection, few, own
from recipes.paper.stylegan import STYLE, Modulated, StyleGenerator
from recipes.paper.writing import markdown, write

RECIPE = PaperRecipe(size=32, steps=2, drawn=8, pairs=4, refine=0, width=4, batch=2, painted=96)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A collection of two classes of faces, as the recipe expects to find it."""
    root = tmp_path_factory.mktemp("collection")
    for folder in ("paintings", "photos/open", "kaokore/warrior", "kaokore/noble"):
        (root / folder).mkdir(parents=True)
    for number in range(60):
        coarse = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(number))
        place = root / "kaokore" / ("warrior" if number % 2 else "noble")
        pictures.save(F.interpolate(coarse, size=(36, 36)), place / f"{number:03d}.jpg")
    return root


@pytest.fixture(scope="module")
def bench(root, tmp_path_factory):
    return tables.Bench(RECIPE, collection(root), tmp_path_factory.mktemp("run"))


def test_nothing_held_out_trains(root, tmp_path):
    for split in (collection(root), few(root, 50)):
        assert not set(split.files) & set(split.held_out)
        assert len(split.held_out) >= 8
        assert set(split.training) == {"warrior", "noble"}
    assert set(few(root, 50).files + few(root, 50).held_out) < set(
        collection(root).files + collection(root).held_out
    )
    with pytest.raises(PictureError, match="held out"):
        few(root, 10)
    with pytest.raises(PictureError, match="not a folder"):
        own(tmp_path / "none")
    with pytest.raises(SettingsError, match="not the picture collection"):
        collection(tmp_path)


@pytest.mark.parametrize("names", [
    ("ours", "stylegan"),
    pytest.param(tuple(MODELS), marks=pytest.mark.slow),
])  # fmt: skip
def test_models_have_one_budget(bench, names):
    made = tables.table_8(bench, names)
    assert [row["model"] for row in made.rows] == [
        MODELS["ours"].title,
        f"{MODELS['ours'].title}, adjusted",
        *(MODELS[name].title for name in names[1:]),
    ]
    assert "2 steps" in made.title
    for row in made.rows:
        match = row["personalisation match ↑"]
        assert isinstance(match, Interval)
        assert 0 <= match.low <= match.estimate <= match.high <= 1
        assert row["KID[small] ↓"].estimate > 0
    assert all(len(files) == RECIPE.drawn for files in made.sheets.values())


@pytest.mark.slow
def test_tables_of_quality_and_style(bench, tmp_path):
    quality, style = tables.table_1(bench), tables.table_2(bench)
    assert [row["method"] for row in quality.rows] == ["people", "rules", "DCGAN", "ours (few-shot)"]
    scores = [cell for row in quality.rows for cell in row.values() if isinstance(cell, Interval)]
    assert len(scores) == 4 * 5
    assert all(0 <= score.low <= score.estimate <= score.high <= 10 for score in scores)
    assert [row["method"] for row in style.rows] == ["rules", "DCGAN", "ours (few-shot)"]
    page = write(quality, "table-1", RECIPE, tmp_path)
    values = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert values["rows"][0]["method"] == "people"
    assert values["settings"]["steps"] == 2
    assert page.with_suffix(".png").exists()
    assert page.read_text(encoding="utf-8").count("\n| ") == 1 + 1 + 4


def test_table_of_sets(bench, root, tmp_path):
    small = tables.Bench(RECIPE, PictureSplit("few", bench.split.training, bench.split.held_out), bench.run)
    made = tables.table_7([small])
    (row,) = made.rows
    assert row["training"] == len(bench.split.files)
    assert row["seconds per picture ↓"].estimate > 0
    assert -1 <= row["SSIM ↑"].estimate <= 1
    assert "| few |" in markdown(made)


def test_another_size_needs_another_folder(bench):
    other = tables.Bench(RECIPE.model_copy(update={"width": 8}), bench.split, bench.run)
    with pytest.raises(SettingsError, match="width"):
        other.drawn("ours")


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    words = ["--table", "8", "--data", str(tmp_path), "--run", str(tmp_path / "run")]
    assert main(words) == 2
    assert "not the picture collection" in capsys.readouterr().err


def test_modulation_is_that_of_the_paper():
    torch.manual_seed(0)
    layer = Modulated(6, 5, 3).eval()
    x, style = torch.randn(2, 6, 8, 8), torch.randn(2, STYLE)
    scales = layer.affine(style)
    expected = []
    for picture, scale in zip(x, scales, strict=True):
        weight = layer.weight * scale.view(1, -1, 1, 1)
        weight = weight / weight.square().sum(dim=(1, 2, 3), keepdim=True).add(1e-8).sqrt()
        expected.append(F.conv2d(picture[None], weight, layer.bias, padding=1))
    torch.testing.assert_close(layer(x, style), torch.cat(expected), rtol=1e-4, atol=1e-5)


def test_style_generator_draws_and_learns():
    generator = StyleGenerator(32, 16, 4)
    drawn = generator(torch.randn(3, 16))
    assert drawn.shape == (3, 3, 32, 32)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    drawn.mean().backward()
    assert all(weight.grad is not None for weight in generator.parameters())
