"""Personalisation match of a set: how near pictures come to the conditions that were asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from bottega.errors import SettingsError
from bottega.evaluate.metrics.bootstrap import Interval, bootstrap_interval

Condition = TypeVar("Condition")
Shown = TypeVar("Shown")


class Matched(Protocol):
    """How near one picture came: 1 is as asked, 0 far off."""

    @property
    def attributes(self) -> dict[str, float]:
        """By the name of what was asked for."""
        ...

    @property
    def mean(self) -> float:
        """Over all that was asked for."""
        ...


def personalisation_match(
    pictures: Iterable[Shown],
    asked: Iterable[Condition],
    read: Callable[[Shown], Condition],
    match: Callable[[Condition, Condition], Matched],
    *,
    seed: int = 0,
) -> dict[str, Interval]:
    """The mean match over pictures, in all (under ``"mean"``) and by attribute, with bootstrap intervals.

    Args:
        pictures: whatever ``read`` takes, ``(1, 3, H, W)`` each; drawn one by one.
        asked: the condition of each.
        read: reads a picture's condition: ``bottega.personalize.read_condition``.
        match: compares asked and read: ``bottega.personalize.match``.

    Raises:
        SettingsError: no pictures, or not one condition for each.
    """
    found: dict[str, list[float]] = {"mean": []}
    try:
        for picture, condition in zip(pictures, asked, strict=True):
            matched = match(condition, read(picture))
            found["mean"].append(matched.mean)
            for name, value in matched.attributes.items():
                found.setdefault(name, []).append(value)
    except ValueError as error:
        if isinstance(error, SettingsError) or "zip()" not in str(error):
            raise
        raise SettingsError("There must be one condition for each picture that is matched.") from None
    return {name: bootstrap_interval(values, seed=seed) for name, values in found.items()}
