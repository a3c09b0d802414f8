"""What an adjusted picture remembers of how it was made, and the way back from there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import PictureError
from bottega.tools.adjust.network import NETWORK
from bottega.tools.common.condition_styles import restore_condition, style_picture_records
from bottega.tools.common.image_sources import Source, file_source
from bottega.tools.common.recipe import InputSearch, find_source, find_weights, recipe_header, weights_record

if TYPE_CHECKING:
    from bottega.personalize import Condition
    from bottega.pictures import Picture
    from bottega.tools.adjust.settings import AdjustSettings

KEPT = ("strength", "refine", "quality")
"""Settings that a recipe keeps; what is asked stands in it as a condition, files by themselves."""


def adjust_recipe(
    settings: AdjustSettings, content: Source, condition: Condition, folder: Path, with_network: bool
) -> dict[str, Any]:
    """The recipe of a picture that will lie in ``folder``."""
    return {
        **recipe_header("adjust"),
        "content": content.record(folder),
        "condition": condition.model_dump(mode="json", exclude_none=True),
        **style_picture_records(condition, folder),
        **({} if settings.mask is None else {"mask": file_source(settings.mask).record(folder)}),
        "network": weights_record(settings.model or NETWORK, folder) if with_network else None,
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
    from bottega.personalize import adjust, load_adjustment_net
    from bottega.tools.adjust.settings import AdjustSettings

    try:
        content = find_source(recipe["content"], search, name)
        mask = search.find(recipe["mask"]) if "mask" in recipe else None
        condition, styles = restore_condition(recipe, recipe["condition"], search)
        model = None if recipe["network"] is None else find_weights(recipe["network"], search, name)
        kept = {key: recipe["settings"][key] for key in KEPT}
        settings = AdjustSettings(
            content=Path(content.name), mask=None if mask is None else mask.path, model=model, **kept
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise PictureError(f"The recipe in {name} is incomplete or damaged ({reason}).") from None
    network = None if model is None else load_adjustment_net(model)
    picture = content.open()
    made = adjust(
        picture.pixels,
        condition,
        None if mask is None else pictures.load_mask(mask.path),
        settings.strength,
        network=network,
        optimizer_steps=settings.refine,
    )
    again = adjust_recipe(settings, content, condition, folder, network is not None)
    inputs = [content, *styles, *([] if mask is None else [mask])]
    return replace(pictures.as_picture(made), alpha=picture.alpha), settings.quality, again, inputs
