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
    reporter: ProgressReporter,
    device: str | None = None,
) -> tuple[Tensor, GenerateSettings, dict[str, Any]]:
    """The picture of a recipe, the settings that made it, and its new recipe.

    Args:
        search: finds the generator and the picture to start from.
        folder: of the new picture.
        name: of the file that contains the recipe, for messages.
        device: replaces that of the recipe.

    Raises:
        MismatchError: the generator is another one now.
        PictureError: the recipe is damaged, or an input is missing.
    """
    try:
        settings = _settings(recipe, search, name, device)
        condition, index = recalled(recipe, name, search), recipe.get("number")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PictureError(f"The recipe in {name} is incomplete or damaged ({error}).") from None
    runtime.set_threads(settings.threads)
    drafts = make_drafts(settings, folder, reporter, condition)
    adjust = bending(condition, settings.strength, reporter)
    if index is None:
        tiles = [adjust(picture) for picture in drafts.pictures()]
        return sheet_of(drafts, tiles, math.ceil(math.sqrt(len(drafts)))), settings, dict(drafts.recipe)
    if not 0 <= index < len(drafts):
        raise PictureError(f"The recipe in {name} is of sample {index}, but makes only {len(drafts)}.")
    return adjust(drafts.picture(index)), settings, drafts.recipe_of(index)


def _settings(recipe: dict[str, Any], search: InputSearch, name: str, device: str | None) -> GenerateSettings:
    model = find_weights(recipe["model"], search, name)
    values = {**recipe["settings"], "model": model, **({} if device is None else {"device": device})}
    if "project" in recipe:
        values["project"] = search.find(recipe["project"]).path
    return configure(GenerateSettings, values)
