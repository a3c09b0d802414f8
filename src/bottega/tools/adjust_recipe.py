"""What an adjusted picture remembers of how it was made, and the way back from there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bottega
from bottega.errors import PictureError
from bottega.tools.adjust_network import NETWORK, network_record
from bottega.tools.common.condition_styles import recalled_condition, style_record
from bottega.tools.recipe import check_named, find_source
from bottega.tools.search import InputSearch
from bottega.tools.sources import FileSource, Source, file_source

if TYPE_CHECKING:
    from bottega.personalize import AdjustmentNet, Condition
    from bottega.pictures import Picture
    from bottega.tools.adjust_settings import AdjustSettings

KEPT = ("strength", "refine", "quality")
"""Settings that a recipe keeps; what is asked stands in it as a condition, files by themselves."""


def adjust_recipe(
    settings: AdjustSettings, content: Source, condition: Condition, folder: Path, with_network: bool
) -> dict[str, Any]:
    """The recipe of a picture that will lie in ``folder``."""
    import torch

    return {
        "tool": "adjust",
        "bottega": bottega.__version__,
        "torch": torch.__version__,
        "content": content.record(folder),
        "condition": condition.model_dump(mode="json", exclude_none=True),
        **style_record(condition, folder),
        **({} if settings.mask is None else {"mask": file_source(settings.mask).record(folder)}),
        "network": _network_record(settings.model, folder) if with_network else None,
        "settings": settings.model_dump(mode="json", include=set(KEPT)),
    }


def remake_adjusted(
    recipe: dict[str, Any], search: InputSearch, folder: Path, name: str
) -> tuple[Picture, int, dict[str, Any], list[Source]]:
    """The picture of a recipe again.

    Args:
        search: where its inputs may lie.
        folder: where the new picture will lie.
        name: of the picture that the recipe was in, for messages.

    Returns:
        The picture, the quality of its file, its recipe anew, and its inputs.

    Raises:
        MismatchError: the network that is here is another one.
        PictureError: the recipe is damaged, or something that it needs is nowhere.
    """
    from dataclasses import replace

    from bottega import pictures
    from bottega.personalize import adjust
    from bottega.tools.adjust_settings import AdjustSettings

    try:
        content = find_source(recipe["content"], search, name)
        mask = search.find(recipe["mask"]) if "mask" in recipe else None
        condition, styles = recalled_condition(recipe, recipe["condition"], search)
        network, model = _network(recipe["network"], search, name)
        kept = {key: recipe["settings"][key] for key in KEPT}
        settings = AdjustSettings(
            content=Path(content.name), mask=None if mask is None else mask.path, model=model, **kept
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise PictureError(f"The recipe in {name} is incomplete or damaged ({reason}).") from None
    picture = content.open()
    made = adjust(
        picture.pixels,
        condition,
        None if mask is None else pictures.load_mask(mask.path),
        settings.strength,
        network=network,
        refine=settings.refine,
    )
    again = adjust_recipe(settings, content, condition, folder, network is not None)
    inputs = [content, *styles, *([] if mask is None else [mask])]
    return replace(pictures.as_picture(made), alpha=picture.alpha), settings.quality, again, inputs


def _network_record(model: str | None, folder: Path) -> dict[str, Any] | None:
    if model is not None and model.endswith(".safetensors"):
        return file_source(Path(model)).record(folder)
    return network_record(model or NETWORK)


def _network(
    record: dict[str, Any] | None, search: InputSearch, name: str
) -> tuple[AdjustmentNet | None, str | None]:
    """The network of a recipe, and the setting ``model`` that names it."""
    from bottega.personalize import load

    if record is None:
        return None, None
    if record["kind"] == "file":
        found: FileSource = search.find(record)
        return load(found.path), str(found.path)
    check_named(record, name)
    return load(record["name"]), str(record["name"])
