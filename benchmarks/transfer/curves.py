"""Scores over the strength slider, and whether one method's curve lies above another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.transfer.measures import MEASURES, Scores
from bottega.errors import SettingsError
from bottega.evaluation import Interval, bootstrap_intervals

Array = NDArray[np.float64]

LEVELS = 21


@dataclass(frozen=True)
class Curve:
    """A method over its strengths.

    Attributes:
        name, title: of the method.
        strengths: ascending.
        pairs: names of the pairs, one for each row of the values.
        groups: photograph of each pair; pairs that share one are drawn together where intervals are made.
        values: measure -> ``(pairs, strengths)``; empty where only means are available.
        summaries: those means with their intervals, for each strength.
    """

    name: str
    title: str
    strengths: tuple[float, ...]
    pairs: tuple[str, ...]
    groups: tuple[str, ...]
    values: dict[str, Array]
    summaries: tuple[dict[str, Interval], ...] = ()

    @cached_property
    def intervals(self) -> list[dict[str, Interval]]:
        """Means over pairs: for each strength, every measure."""
        if self.summaries:
            return list(self.summaries)
        table = np.stack(list(self.values.values()), 1)
        intervals = bootstrap_intervals(table, lambda rows: rows.mean(0).ravel(), groups=self.groups)
        count = len(self.strengths)
        return [dict(zip(self.values, intervals[k::count], strict=True)) for k in range(count)]


def make_curve(
    name: str,
    title: str,
    strengths: Sequence[float],
    pairs: Sequence[str],
    groups: Sequence[str],
    scores: Sequence[Sequence[Scores]],
) -> Curve:
    """From ``scores[pair][strength]``; measures that were not taken are left out."""
    taken = [measure for measure in MEASURES if getattr(scores[0][0], measure) is not None]
    values = {
        measure: np.array([[getattr(each, measure) for each in row] for row in scores], float)
        for measure in taken
    }
    return Curve(name, title, tuple(strengths), tuple(pairs), tuple(groups), values)


@dataclass(frozen=True)
class Comparison:
    """Style distance of one method minus that of another, where both preserve equally much of the content.

    Attributes:
        method, baseline: titles.
        style, content: measures.
        levels: of content agreement, ascending, from the least to the most that both reach; may be empty.
        differences: one for each level, with intervals over pairs; below zero is better.
        dominates: for each point of the baseline there is one of the method that is nearer to the style and
            preserves more of the content.
        by_means: single pairs of one of them are missing, so that the differences have no intervals.
    """

    method: str
    baseline: str
    style: str
    content: str
    levels: tuple[float, ...]
    differences: tuple[Interval, ...]
    dominates: bool = False
    by_means: bool = False

    @property
    def everywhere(self) -> bool:
        """The method is nearer to the style at every level."""
        return bool(self.levels) and all(each.estimate < 0 for each in self.differences)

    def sentence(self) -> str:
        """The result in words."""
        measures = f"{MEASURES[self.style]} at equal {MEASURES[self.content]}"
        if not self.levels:
            above = (
                f"; {self.method} is nearer to the style and keeps more than {self.baseline} anywhere does"
            )
            no_common_level = f"{self.method} and {self.baseline} reach no common level"
            return f"{measures}: {no_common_level}{above if self.dominates else ''}."
        span = f"from {self.levels[0]:.2f} to {self.levels[-1]:.2f}"
        lower = sum(each.estimate < 0 for each in self.differences)
        sure = sum(each.high < 0 for each in self.differences)
        least, most = sorted(self.differences, key=lambda each: -each.estimate)[:: len(self.levels) - 1]
        if self.everywhere:
            verdict = f"{self.method} lies above {self.baseline} everywhere {span}"
        else:
            verdict = (
                f"{self.method} lies above {self.baseline} at {lower} of {len(self.levels)} levels {span}"
            )
        if self.by_means:
            return (
                f"{measures}: {verdict}, by means alone. Difference: from {most.estimate:.3f} to "
                f"{least.estimate:.3f}."
            )
        return (
            f"{measures}: {verdict}; the interval excludes zero at {sure}. "
            f"Difference: from {most} to {least}."
        )


def compare(method: Curve, baseline: Curve, style: str, content: str, levels: int = LEVELS) -> Comparison:
    """Compare two curves at equal content agreement.

    Both are curves of means over the pairs that they share, joined by straight lines between strengths.
    Where a curve passes a level more than once, its best passage counts. Intervals draw pairs anew for
    both methods alike.

    Raises:
        SettingsError: they share no pair, or one was not measured so.
    """
    shared = [pair for pair in method.pairs if pair in set(baseline.pairs)]
    if not shared or not all({style, content} <= set(each.intervals[0]) for each in (method, baseline)):
        raise SettingsError(f"{method.title} and {baseline.title} have no figures in common.")
    if method.summaries or baseline.summaries:
        return _compare_means(method, baseline, style, content, levels)
    tables = [_table(curve, shared, style, content) for curve in (method, baseline)]
    means = [table.mean(0) for table in tables]
    low = max(float(mean[0].min()) for mean in means)
    high = min(float(mean[0].max()) for mean in means)
    if low >= high:
        return Comparison(method.title, baseline.title, style, content, (), (), _dominates(*means))
    contents = np.linspace(low, high, levels)
    split = tables[0].shape[2]
    rows = np.concatenate(tables, 2)
    groups = [method.groups[method.pairs.index(pair)] for pair in shared]

    def differences(resample: Array) -> Array:
        mean = resample.mean(0)
        return best_at(contents, *mean[:, :split]) - best_at(contents, *mean[:, split:])

    intervals = bootstrap_intervals(rows, differences, groups=groups)
    reached = tuple(float(x) for x in contents)
    return Comparison(
        method.title, baseline.title, style, content, reached, tuple(intervals), _dominates(*means)
    )


def _compare_means(method: Curve, baseline: Curve, style: str, content: str, levels: int) -> Comparison:
    first, second = (
        np.array([[point[measure].estimate for point in curve.intervals] for measure in (content, style)])
        for curve in (method, baseline)
    )
    low, high = max(first[0].min(), second[0].min()), min(first[0].max(), second[0].max())
    names, dominated = (method.title, baseline.title, style, content), _dominates(first, second)
    if low >= high:
        return Comparison(*names, (), (), dominated, True)
    contents = np.linspace(low, high, levels)
    differences = best_at(contents, *first) - best_at(contents, *second)
    intervals = tuple(Interval(float(each), float("nan"), float("nan")) for each in differences)
    return Comparison(*names, tuple(float(x) for x in contents), intervals, dominated, True)


def _dominates(method: Array, baseline: Array) -> bool:
    """Of ``(2, strengths)`` each: contents, then styles."""
    more = method[0][:, None] > baseline[0]
    nearer = method[1][:, None] < baseline[1]
    return bool((more & nearer).any(0).all())


def best_at(levels: Array, contents: Array, styles: Array) -> Array:
    """The lowest style distance where the line through the points passes each level; NaN where none."""
    best = np.full(len(levels), np.nan)
    for place in range(len(contents) - 1):
        ends = slice(place, place + 2)
        order = np.argsort(contents[ends])
        passed = np.interp(levels, contents[ends][order], styles[ends][order], left=np.nan, right=np.nan)
        best = np.fmin(best, passed)
    return best


def _table(curve: Curve, pairs: Sequence[str], style: str, content: str) -> Array:
    """``(pairs, 2, strengths)``: content, then style."""
    rows = [curve.pairs.index(pair) for pair in pairs]
    return np.stack([curve.values[content][rows], curve.values[style][rows]], 1)
