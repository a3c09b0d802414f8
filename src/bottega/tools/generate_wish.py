"""Drafts bent to what is wished for: palette, place of the subject, or a whole profile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bottega.errors import SettingsError
from bottega.tools.generate_settings import BendSettings
from bottega.tools.generate_words import place_of
from bottega.tools.tool import Report

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.personalize import Condition

NETWORK = "adjust"


def bender(settings: BendSettings, report: Report) -> Callable[[Tensor], Tensor]:
    """What is done to each draft ``(1, 3, H, W)``; without a wish, nothing.

    Raises:
        SettingsError: a palette, a place or a profile that is none.
    """
    return bending(wished(settings), settings.strength, report)


def bending(condition: Condition | None, strength: float, report: Report) -> Callable[[Tensor], Tensor]:
    """As :func:`bender`, for a condition that is known."""
    if condition is None:
        return lambda picture: picture
    from bottega import weights
    from bottega.personalize import adjust, load

    known = NETWORK in {entry.name for entry in weights.entries()}
    network = load(NETWORK) if known and weights.is_here(NETWORK) else None
    if network is None:
        report.note(
            f'The network "{NETWORK}" is not here; the drafts are bent without it, a little less surely.'
        )
    return lambda picture: adjust(picture, condition, strength=strength, network=network)


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
        raise SettingsError(f"The {error.errors()[0]['loc'][0]} cannot be wished for: {reason}.") from None
    return own if settings.wish is None else Condition.load(settings.wish).updated(own)


def wish_record(settings: BendSettings) -> dict[str, Any]:
    """What a recipe says of the wish: all of it in numbers; nothing where there is none."""
    condition = wished(settings)
    return {} if condition is None else {"wish": condition.model_dump(mode="json", exclude_none=True)}


def recalled(record: dict[str, Any] | None) -> Condition | None:
    """The wish of a recipe again."""
    if record is None:
        return None
    from bottega.personalize import Condition

    return Condition.model_validate(record)
