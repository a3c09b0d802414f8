"""``remake`` for generated pictures: the same generator, seed and condition."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from torch import Tensor

from bottega import runtime
from bottega.errors import PictureError
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.recipe import InputSearch, find_weights
from bottega.tools.common.tool import configure
from bottega.tools.generate.condition import bending, recalled
from bottega.tools.generate.samples import make_drafts, sheet_of
from bottega.tools.generate.settings import GenerateSettings


def remake_generated(
    recipe: dict[str, Any],
    search: InputSearch,
    folder: Path,
    name: str,
    report: ProgressReporter,
    device: str | None = None,
) -> tuple[Tensor, GenerateSettings, dict[str, Any]]:
    """The picture of a recipe, the settings that made it, and its recipe anew.

    Args:
        search: where the generator and the picture to start from may lie.
        folder: where the new picture will lie.
        name: of the picture that the recipe was in, for messages.
        device: where to draw; none takes the best there is, as the recipe did.

    Raises:
        MismatchError: the generator that is here is another one.
        PictureError: the recipe is damaged, or something that it needs is nowhere.
    """
    try:
        settings = _settings(recipe, search, name, device)
        wish, number = recalled(recipe, name, search), recipe.get("number")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PictureError(f"The recipe in {name} is incomplete or damaged ({error}).") from None
    runtime.set_threads(settings.threads)
    drafts = make_drafts(settings, folder, report, wish)
    bend = bending(wish, settings.strength, report)
    if number is None:
        tiles = [bend(picture) for picture in drafts.pictures()]
        return sheet_of(drafts, tiles, math.ceil(math.sqrt(len(drafts)))), settings, dict(drafts.recipe)
    if not 0 <= number < len(drafts):
        raise PictureError(f"The recipe in {name} is of draft {number}, but makes only {len(drafts)}.")
    return bend(drafts.picture(number)), settings, drafts.recipe_of(number)


def _settings(recipe: dict[str, Any], search: InputSearch, name: str, device: str | None) -> GenerateSettings:
    model = find_weights(recipe["model"], search, name)
    given = {**recipe["settings"], "model": model, **({} if device is None else {"device": device})}
    if "project" in recipe:
        given["project"] = search.find(recipe["project"]).path
    return configure(GenerateSettings, given)
