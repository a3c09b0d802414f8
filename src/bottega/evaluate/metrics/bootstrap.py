"""Intervals for figures: the percentile bootstrap, by groups where values depend on each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bottega.errors import SettingsError

Statistic = Callable[[NDArray[np.float64]], float]
Statistics = Callable[[NDArray[np.float64]], ArrayLike]


@dataclass(frozen=True)
class Interval:
    """A figure with the interval that contains it at the stated confidence."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean(values: NDArray[np.float64]) -> float:
    """The arithmetic mean, as a statistic for `bootstrap_interval`."""
    return float(values.mean())


def bootstrap_interval(
    values: ArrayLike,
    statistic: Statistic = mean,
    *,
    resamples: int = 2000,
    seed: int = 0,
    groups: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Interval:
    """Percentile bootstrap interval (Efron & Tibshirani 1993, section 13.3) of a statistic.

    Args:
        values: ``(n, ...)``; rows are resampled whole.
        statistic: takes an array of rows such as ``values`` and returns one number. Resamples for
            which it is not finite (a group of one kind only) are left out.
        resamples: how often to draw.
        seed: of the draws; equal seeds give equal intervals.
        groups: ``(n,)`` labels. Rows of one group (pairs made from one painting) are drawn together, because
            they are not independent; the groups are then what is resampled.
        confidence: share of resamples inside the interval.

    Raises:
        SettingsError: no values, labels of another length, or no resample with a finite statistic.
    """
    return bootstrap_intervals(
        values,
        lambda rows: [statistic(rows)],
        resamples=resamples,
        seed=seed,
        groups=groups,
        confidence=confidence,
    )[0]


def bootstrap_intervals(
    values: ArrayLike,
    statistics: Statistics,
    *,
    resamples: int = 2000,
    seed: int = 0,
    groups: ArrayLike | None = None,
    confidence: float = 0.95,
) -> list[Interval]:
    """As :func:`bootstrap_interval`, for several figures of the same rows: each resample serves them all.

    Args:
        statistics: takes an array of rows such as ``values`` and returns ``(figures,)`` numbers.

    Returns:
        One interval for each figure; each leaves out the resamples for which that figure is not finite.

    Raises:
        SettingsError: as there.
    """
    rows = np.asarray(values, float)
    if rows.ndim == 0 or len(rows) == 0:
        raise SettingsError("A bootstrap interval needs at least one value.")
    members = _members(rows, groups)
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        chosen = rng.integers(len(members), size=len(members))
        drawn.append(statistics(rows[np.concatenate([members[index] for index in chosen])]))
    estimates = np.asarray(statistics(rows), float)
    figures = np.asarray(drawn, float).T
    return [
        _interval(estimate, found, confidence) for estimate, found in zip(estimates, figures, strict=True)
    ]


def _interval(estimate: float, drawn: NDArray[np.float64], confidence: float) -> Interval:
    finite = drawn[np.isfinite(drawn)]
    if not finite.size:
        raise SettingsError("The statistic was not a finite number for any resample; check the values.")
    tail = (1 - confidence) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return Interval(float(estimate), float(low), float(high))


def _members(rows: NDArray[np.float64], groups: ArrayLike | None) -> list[NDArray[np.intp]]:
    """Row numbers of each group; one row per group where none are given."""
    labels = np.arange(len(rows)) if groups is None else np.asarray(groups)
    if labels.shape != (len(rows),):
        raise SettingsError(f"There are {len(rows)} values but group labels of the shape {labels.shape}.")
    _, which = np.unique(labels, return_inverse=True)
    order = np.argsort(which, kind="stable")
    return np.split(order, np.cumsum(np.bincount(which))[:-1])
