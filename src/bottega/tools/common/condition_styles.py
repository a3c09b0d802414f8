"""Style pictures of a condition in recipes: recorded by their hash and found again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.tools.common.image_sources import FileSource, file_source
from bottega.tools.common.recipe import InputSearch

if TYPE_CHECKING:
    from bottega.personalize import Condition

STYLE_PICTURES = "style_pictures"


def style_picture_records(condition: Condition, folder: Path) -> dict[str, Any]:
    """The field of a recipe in ``folder`` for the style pictures; empty if the condition has none."""
    names = [name for name in condition.styles or {} if Path(name).is_file()]
    records = {name: file_source(Path(name)).record(folder) for name in names}
    return {STYLE_PICTURES: records} if records else {}


def restore_condition(
    recipe: Mapping[str, Any], condition: Mapping[str, Any], search: InputSearch
) -> tuple[Condition, list[FileSource]]:
    """A recorded condition, with its style pictures where they are now, and these.

    Raises:
        PictureError, MismatchError: a style picture is missing or has changed.
    """
    from bottega.personalize import Condition

    sources = {name: search.find(record) for name, record in recipe.get(STYLE_PICTURES, {}).items()}
    values = dict(condition)
    if "styles" in values:
        values["styles"] = {
            str(sources[name].path) if name in sources else name: weight
            for name, weight in values["styles"].items()
        }
    return Condition.model_validate(values), list(sources.values())
