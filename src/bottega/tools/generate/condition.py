"""Drafts bent to what is wished for: palette, place of the subject, or a whole profile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import MismatchError, SettingsError
from bottega.tools.adjust.network import network_record, opened
from bottega.tools.common.condition_styles import restore_condition, style_picture_records
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.recipe import InputSearch
from bottega.tools.generate.parsing import place_of
from bottega.tools.generate.settings import BendSettings

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.personalize import Condition


def bending(
    condition: Condition | None, strength: float, report: ProgressReporter
) -> Callable[[Tensor], Tensor]:
    """What is done to each draft ``(1, 3, H, W)``, which becomes at least 192 pixels large; without a wish,
    nothing."""
    if condition is None:
        return lambda picture: picture
    from bottega.personalize import adjust
    from bottega.personalize.analysis.pixels import upscale_for_analysis

    network = opened(None, report)
    return lambda picture: adjust(
        upscale_for_analysis(picture), condition, strength=strength, network=network
    )


def wished(settings: BendSettings) -> Condition | None:
    """The condition that the settings ask for; None where they ask for nothing.

    Raises:
        SettingsError: a palette, a place or a profile that is none.
    """
    asked: dict[str, Any] = {}
    if settings.palette:
        asked["palette"] = settings.palette
    if settings.subject:
        asked["subject"] = place_of(settings.subject)
    if settings.wish is None and not asked:
        if "strength" in settings.model_fields_set:
            raise SettingsError("Nothing is wished for; --strength needs --palette, --subject or --wish.")
        return None
    from pydantic import ValidationError

    from bottega.personalize import Condition

    try:
        own = Condition(**asked)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SettingsError(
            f"The {error.errors()[0]['loc'][0]} cannot be wished for: {reason.rstrip('.')}."
        ) from None
    return own if settings.wish is None else Condition.load(settings.wish).merge(own)


def wish_record(condition: Condition | None, folder: Path) -> dict[str, Any]:
    """What a recipe in ``folder`` says of the wish and of the network that bends; nothing without a wish."""
    if condition is None:
        return {}
    return {
        "wish": condition.model_dump(mode="json", exclude_none=True),
        **style_picture_records(condition, folder),
        "adjustment": network_record(),
    }


def recalled(recipe: dict[str, Any], name: str, search: InputSearch) -> Condition | None:
    """The wish of a recipe again; ``name`` is the picture's that it was in.

    Args:
        search: where style pictures may lie.

    Raises:
        PictureError: a style picture is nowhere, or is another one now.
        MismatchError: another adjustment network, or none, is here than bent the picture.
    """
    if "wish" not in recipe:
        return None
    if recipe.get("adjustment") != network_record():
        raise MismatchError(
            f"{name} was bent with another adjustment network than the one that is here, or without one."
        )
    return restore_condition(recipe, recipe["wish"], search)[0]
