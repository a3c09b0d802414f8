"""Recipes of earlier versions say less; they are read as what was so then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bottega import pictures
from bottega.errors import PictureError, SettingsError
from bottega.tools import TOOLS
from bottega.tools.paint_settings import PaintSettings
from bottega.tools.recipe import read_back
from bottega.tools.search import InputSearch

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"


def run(name: str, **settings: Any) -> Any:
    tool = TOOLS[name]
    return tool.run(tool.configure(settings))


def without_news(recipe: dict[str, Any]) -> dict[str, Any]:
    """The recipe as version 0.1.0 wrote it at first."""
    unsaid = ("pooling", "method")
    old = {**recipe, "settings": {k: v for k, v in recipe["settings"].items() if k not in unsaid}}
    old["styles"] = [{k: v for k, v in style.items() if k != "scale"} for style in recipe["styles"]]
    dropped = ("style_weight", "content_weight")
    old["regions"] = [{k: v for k, v in region.items() if k not in dropped} for region in recipe["regions"]]
    return old


def age(path: Path) -> None:
    recipe = pictures.read_recipe(path)
    assert recipe is not None
    assert without_news(recipe) != recipe
    pictures.save(pictures.load(path), path, recipe=without_news(recipe))


def test_an_old_recipe_makes_its_picture(bench: Path, quick_settings: dict[str, Any]) -> None:
    masks = {"region": ["a=mask.png"], "style": ["a=style.png", "other.png:2"]}
    run("stylize", content="photo.png", output="out.png", **masks, **quick_settings)
    age(bench / "out.png")
    assert "same pixels" in run("remake", picture="out.png", verify=True).summary


def test_a_folder_painted_earlier_is_done(bench: Path, quick_settings: dict[str, Any]) -> None:
    (bench / "photos").mkdir()
    (bench / "photo.png").rename(bench / "photos" / "a.png")
    values = {"content": "photos", "style": ["style.png"], "output": "made", **quick_settings}
    (made,) = run("stylize", **values).files
    age(made)
    assert len(run("stylize", **values).details["skipped"]) == 1
    assert len(run("stylize", **{**values, "pooling": "max"}).details["failed"]) == 1


def test_a_recipe_that_lost_its_start_is_damaged(bench: Path, quick_settings: dict[str, Any]) -> None:
    values = {"content": "photo.png", "style": ["style.png"], "output": "out.png", **quick_settings}
    run("stylize", start="other.png", **values)
    recipe = pictures.read_recipe("out.png")
    assert recipe is not None
    del recipe["start"]
    pictures.save(pictures.load("out.png"), "out.png", recipe=recipe)
    with pytest.raises(PictureError, match=r"incomplete or damaged .*start"):
        run("remake", picture="out.png", verify=True)


def test_a_number_out_of_range_in_a_recipe_is_refused(bench: Path, quick_settings: dict[str, Any]) -> None:
    values = {"content": "photo.png", "style": ["style.png"], "output": "out.png", **quick_settings}
    run("stylize", **values)
    recipe = pictures.read_recipe("out.png")
    assert recipe is not None
    recipe["styles"][0]["scale"] = -2
    pictures.save(pictures.load("out.png"), "out.png", recipe=recipe)
    with pytest.raises(SettingsError, match=r"recipe in out\.png .* scale of the style"):
        run("remake", picture="out.png", verify=True)


# The sheet is put together from several pictures and has no recipe.
PAINTED = [path for path in sorted(GALLERY.glob("*.jpg")) if path.stem != "sheet"]


@pytest.mark.parametrize("path", PAINTED, ids=lambda path: path.stem)
def test_recipes_of_the_gallery_are_read(path: Path) -> None:
    recipe = pictures.read_recipe(path)
    assert recipe is not None
    recalled = read_back(recipe, InputSearch(GALLERY), path.name)
    defaults = PaintSettings()
    assert (recalled.plan.start, recalled.settings.start) == (None, "content")
    assert recalled.settings.pooling is defaults.pooling is None
    assert recalled.settings.method == "optimize"
    assert recalled.settings.model is None
    assert {style.scale for style in recalled.plan.styles} == {1.0}
    weights = {weight for r in recalled.plan.regions for weight in (r.style_weight, r.content_weight)}
    assert weights == {1.0}
