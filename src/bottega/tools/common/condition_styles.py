"""Style pictures of a condition in a recipe: recorded by hash, and found again wherever they are."""

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
    """What a recipe in ``folder`` records of the condition's style pictures; nothing without any."""
    files = [name for name in condition.styles or {} if Path(name).is_file()]
    records = {name: file_source(Path(name)).record(folder) for name in files}
    return {STYLE_PICTURES: records} if records else {}


def restore_condition(
    recipe: Mapping[str, Any], values: Mapping[str, Any], search: InputSearch
) -> tuple[Condition, list[FileSource]]:
    """The condition of a recipe, and its style pictures where they are now.

    Args:
        values: of the condition, as the recipe holds them.

    Raises:
        MismatchError, PictureError: a style picture has changed or is missing.
    """
    from bottega.personalize import Condition

    files = {name: search.find(record) for name, record in recipe.get(STYLE_PICTURES, {}).items()}
    values = dict(values)
    if "styles" in values:
        values["styles"] = {
            str(files[name].path) if name in files else name: weight
            for name, weight in values["styles"].items()
        }
    return Condition.model_validate(values), list(files.values())
