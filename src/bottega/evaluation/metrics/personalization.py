"""Personalization match of a set: how closely pictures follow the requested conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from bottega.errors import SettingsError
from bottega.evaluation.metrics.bootstrap import Interval, bootstrap_interval

Condition = TypeVar("Condition")


class ConditionMatch(Protocol):
    """The match of one picture, by attribute and on average: 1 as requested, 0 far off."""

    @property
    def attributes(self) -> dict[str, float]: ...

    @property
    def mean(self) -> float: ...


def personalization_match(
    requested: Iterable[Condition],
    measured: Iterable[Condition],
    match: Callable[[Condition, Condition], ConditionMatch],
    *,
    seed: int = 0,
) -> dict[str, Interval]:
    """The mean match over pictures, overall (under ``"mean"``) and by attribute, with bootstrap intervals.

    Args:
        requested: the condition that each picture should follow.
        measured: the condition of each picture, from ``bottega.personalize.analyze_condition``.
        match: compares a requested with a measured condition: ``bottega.personalize.match``.

    Raises:
        SettingsError: no pictures, or different numbers of both.
    """
    pairs = list(requested), list(measured)
    if len(pairs[0]) != len(pairs[1]):
        raise SettingsError("There must be one condition for each picture that is matched.")
    values: dict[str, list[float]] = {"mean": []}
    for request, measurement in zip(*pairs, strict=True):
        result = match(request, measurement)
        values["mean"].append(result.mean)
        for name, value in result.attributes.items():
            values.setdefault(name, []).append(value)
    return {name: bootstrap_interval(column, seed=seed) for name, column in values.items()}
