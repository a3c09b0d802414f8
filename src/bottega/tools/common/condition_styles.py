"""Style pictures of a condition, as a recipe keeps them: found wherever they lie, refused when changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.tools.common.image_sources import FileSource, file_source
from bottega.tools.common.recipe import InputSearch

if TYPE_CHECKING:
    from bottega.personalize import Condition

STYLE_PICTURES = "style_pictures"


def style_record(condition: Condition, folder: Path) -> dict[str, Any]:
    """What a recipe in ``folder`` says of the style pictures; nothing where there are none."""
    words = [word for word in condition.styles or {} if Path(word).is_file()]
    records = {word: file_source(Path(word)).record(folder) for word in words}
    return {STYLE_PICTURES: records} if records else {}


def recalled_condition(
    recipe: Mapping[str, Any], asked: Mapping[str, Any], search: InputSearch
) -> tuple[Condition, list[FileSource]]:
    """The condition ``asked`` of a recipe, with its style pictures where they lie now, and these.

    Raises:
        PictureError: a style picture is nowhere, or is another one now.
    """
    from bottega.personalize import Condition

    found = {word: search.find(record) for word, record in recipe.get(STYLE_PICTURES, {}).items()}
    given = dict(asked)
    if "styles" in given:
        given["styles"] = {
            str(found[word].path) if word in found else word: weight
            for word, weight in given["styles"].items()
        }
    return Condition.model_validate(given), list(found.values())
