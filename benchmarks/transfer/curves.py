"""Figures over the strength slider, and whether one method's curve lies above another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.transfer.measures import MEASURES, Scores
from bottega.errors import SettingsError
from bottega.evaluate import Interval, bootstrap_intervals

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
        values: measure -> ``(pairs, strengths)``; empty where only means are known.
        known: those means with their intervals, for each strength.
    """

    name: str
    title: str
    strengths: tuple[float, ...]
    pairs: tuple[str, ...]
    groups: tuple[str, ...]
    values: dict[str, Array]
    known: tuple[dict[str, Interval], ...] = ()

    @cached_property
    def intervals(self) -> list[dict[str, Interval]]:
        """Means over pairs: for each strength, every measure."""
        if self.known:
            return list(self.known)
        table = np.stack(list(self.values.values()), 1)
        found = bootstrap_intervals(table, lambda rows: rows.mean(0).ravel(), groups=self.groups)
        count = len(self.strengths)
        return [dict(zip(self.values, found[k::count], strict=True)) for k in range(count)]


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
    """Style distance of one method minus that of another, where both keep equally much of the content.

    Attributes:
        ours, theirs: titles.
        style, content: measures.
        levels: of content agreement, ascending, from the least to the most that both reach; may be empty.
        differences: one for each level, with intervals over pairs; below zero is better.
        dominates: for each point of theirs there is one of ours that is nearer to the style and keeps more of
            the content.
        by_means: single pairs of one of them are not known, so that the differences have no intervals.
    """

    ours: str
    theirs: str
    style: str
    content: str
    levels: tuple[float, ...]
    differences: tuple[Interval, ...]
    dominates: bool = False
    by_means: bool = False

    @property
    def everywhere(self) -> bool:
        """Ours is nearer to the style at every level."""
        return bool(self.levels) and all(each.estimate < 0 for each in self.differences)

    def sentence(self) -> str:
        """What was found, in words."""
        measures = f"{MEASURES[self.style]} at equal {MEASURES[self.content]}"
        if not self.levels:
            above = f"; {self.ours} is nearer to the style and keeps more than {self.theirs} anywhere does"
            apart = f"{self.ours} and {self.theirs} reach no common level"
            return f"{measures}: {apart}{above if self.dominates else ''}."
        span = f"from {self.levels[0]:.2f} to {self.levels[-1]:.2f}"
        better = sum(each.estimate < 0 for each in self.differences)
        sure = sum(each.high < 0 for each in self.differences)
        least, most = sorted(self.differences, key=lambda each: -each.estimate)[:: len(self.levels) - 1]
        if self.everywhere:
            verdict = f"{self.ours} lies above {self.theirs} everywhere {span}"
        else:
            verdict = f"{self.ours} lies above {self.theirs} at {better} of {len(self.levels)} levels {span}"
        if self.by_means:
            return (
                f"{measures}: {verdict}, by means alone. Difference: from {most.estimate:.3f} to "
                f"{least.estimate:.3f}."
            )
        return (
            f"{measures}: {verdict}; the interval excludes zero at {sure}. "
            f"Difference: from {most} to {least}."
        )


def compare(ours: Curve, theirs: Curve, style: str, content: str, levels: int = LEVELS) -> Comparison:
    """Compare two curves at equal content agreement.

    Both are curves of means over the pairs that they share, joined by straight lines between strengths.
    Where a curve passes a level more than once, its best passage counts. Intervals draw pairs anew for
    both methods alike.

    Raises:
        SettingsError: they share no pair, or one was not measured so.
    """
    shared = [pair for pair in ours.pairs if pair in set(theirs.pairs)]
    if not shared or not all({style, content} <= set(each.intervals[0]) for each in (ours, theirs)):
        raise SettingsError(f"{ours.title} and {theirs.title} have no figures in common.")
    if ours.known or theirs.known:
        return _compare_means(ours, theirs, style, content, levels)
    tables = [_table(curve, shared, style, content) for curve in (ours, theirs)]
    means = [table.mean(0) for table in tables]
    low = max(float(mean[0].min()) for mean in means)
    high = min(float(mean[0].max()) for mean in means)
    if low >= high:
        return Comparison(ours.title, theirs.title, style, content, (), (), _dominates(*means))
    wanted = np.linspace(low, high, levels)
    split = tables[0].shape[2]
    rows = np.concatenate(tables, 2)
    groups = [ours.groups[ours.pairs.index(pair)] for pair in shared]

    def differences(drawn: Array) -> Array:
        mean = drawn.mean(0)
        return best_at(wanted, *mean[:, :split]) - best_at(wanted, *mean[:, split:])

    found = bootstrap_intervals(rows, differences, groups=groups)
    reached = tuple(float(x) for x in wanted)
    return Comparison(ours.title, theirs.title, style, content, reached, tuple(found), _dominates(*means))


def _compare_means(ours: Curve, theirs: Curve, style: str, content: str, levels: int) -> Comparison:
    mine, other = (
        np.array([[point[measure].estimate for point in curve.intervals] for measure in (content, style)])
        for curve in (ours, theirs)
    )
    low, high = max(mine[0].min(), other[0].min()), min(mine[0].max(), other[0].max())
    names, dominated = (ours.title, theirs.title, style, content), _dominates(mine, other)
    if low >= high:
        return Comparison(*names, (), (), dominated, True)
    wanted = np.linspace(low, high, levels)
    apart = best_at(wanted, *mine) - best_at(wanted, *other)
    found = tuple(Interval(float(each), float("nan"), float("nan")) for each in apart)
    return Comparison(*names, tuple(float(x) for x in wanted), found, dominated, True)


def _dominates(ours: Array, theirs: Array) -> bool:
    """Of ``(2, strengths)`` each: contents, then styles."""
    more = ours[0][:, None] > theirs[0]
    nearer = ours[1][:, None] < theirs[1]
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
