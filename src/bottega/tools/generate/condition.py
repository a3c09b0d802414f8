"""The condition of ``generate``: how its pictures are adjusted after they are generated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import MismatchError, SettingsError
from bottega.tools.adjust.adjustment import NETWORK, network_record, open_network
from bottega.tools.adjust.condition import parse_pair
from bottega.tools.common.condition_styles import restore_condition, style_picture_records
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.recipe import InputSearch, find_weights
from bottega.tools.generate.settings import ConditionSettings

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.personalize import AdjustmentNet, Condition


class Adjuster:
    """Adjusts generated pictures to a condition; without one, returns them as they are."""

    def __init__(
        self, condition: Condition | None, strength: float, reporter: ProgressReporter | None = None
    ) -> None:
        self.condition = condition
        self.strength = strength
        self.network: AdjustmentNet | None = None
        if condition is not None:
            self.network = open_network(None, reporter or ProgressReporter())

    def __call__(self, picture: Tensor) -> Tensor:
        """The adjusted picture ``(1, 3, H, W)``, upscaled to at least 192 pixels."""
        if self.condition is None:
            return picture
        from bottega.personalize import adjust
        from bottega.personalize.analysis.pixels import upscale_for_analysis

        picture = upscale_for_analysis(picture)
        return adjust(picture, self.condition, strength=self.strength, network=self.network)

    def record(self, folder: Path) -> dict[str, Any]:
        """What a recipe in ``folder`` records of the condition and the network; nothing without one."""
        if self.condition is None:
            return {}
        return {
            "condition": self.condition.model_dump(mode="json", exclude_none=True),
            **style_picture_records(self.condition, folder),
            "adjustment_network": network_record(self.network, None, folder),
        }


def requested_condition(settings: ConditionSettings) -> Condition | None:
    """The condition of the settings; None where they request nothing.

    Raises:
        SettingsError: a palette, a position or a condition file is invalid.
    """
    from pydantic import ValidationError

    from bottega.personalize import Condition

    values: dict[str, Any] = {}
    if settings.palette:
        values["palette"] = settings.palette
    if settings.subject:
        values["subject"] = parse_pair(settings.subject, "--subject 0.3,0.6")
    if settings.condition is None and not values:
        if "strength" in settings.model_fields_set:
            raise SettingsError("--strength needs --palette, --subject or --condition.")
        return None
    try:
        condition = Condition(**values)
    except ValidationError as error:
        first = error.errors()[0]
        reason = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise SettingsError(f"The {first['loc'][0]} is invalid: {reason}.") from None
    return condition if settings.condition is None else Condition.load(settings.condition).merge(condition)


def restore_adjuster(
    recipe: Mapping[str, Any], strength: float, search: InputSearch, name: str, reporter: ProgressReporter
) -> Adjuster:
    """The adjuster of a recipe in the file ``name``.

    Raises:
        PictureError: a style picture is missing or has changed.
        MismatchError: the adjustment network is missing or has changed.
    """
    if "condition" not in recipe:
        return Adjuster(None, strength)
    condition, _ = restore_condition(recipe, recipe["condition"], search)
    adjuster = Adjuster(condition, strength, reporter)
    record = recipe["adjustment_network"]
    if (record is None) != (adjuster.network is None):
        raise MismatchError(
            f'{name} was made {"without" if record is None else "with"} the network "{NETWORK}", which is '
            f"{'here' if record is None else 'missing'} now."
        )
    if record is not None:
        find_weights(record, search, name)
    return adjuster
