"""95 % confidence intervals: the percentile bootstrap, and the grouped jackknife, which also removes bias."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from bottega.errors import SettingsError

CONFIDENCE = 0.95
JACKKNIFE_GROUPS = 20


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its 95 % confidence interval."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class JackknifeEstimate:
    """A statistic of the whole sample, and without its first-order bias."""

    raw: float
    corrected: Interval


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable[[NDArray[np.float64]], float] = np.mean,
    *,
    resamples: int = 2000,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> Interval:
    """Percentile bootstrap interval (Efron & Tibshirani 1993, section 13.3) of a statistic.

    Args:
        values: ``(n, ...)``; rows are resampled whole.
        statistic: maps an array of rows such as ``values`` to one number. Resamples for which it is not
            finite are left out.
        resamples: number of resamples.
        seed: equal seeds give equal intervals.
        groups: ``(n,)`` labels. Rows of one group (pairs made from one painting) depend on each other, so
            whole groups are resampled.

    Raises:
        SettingsError: no values, labels of another length, or no resample with a finite statistic.

    Example:
        >>> str(bootstrap_interval([1.0, 2.0, 3.0]))
        '2.000 [1.000, 3.000]'
    """
    return bootstrap_intervals(
        values, lambda rows: [statistic(rows)], resamples=resamples, seed=seed, groups=groups
    )[0]


def bootstrap_intervals(
    values: ArrayLike,
    statistics: Callable[[NDArray[np.float64]], ArrayLike],
    *,
    resamples: int = 2000,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> list[Interval]:
    """As :func:`bootstrap_interval`, for several statistics of the same resamples.

    Args:
        statistics: maps an array of rows such as ``values`` to ``(k,)`` numbers.

    Returns:
        ``k`` intervals; each leaves out the resamples for which its statistic is not finite.

    Raises:
        SettingsError: as there.
    """
    rows = np.asarray(values, float)
    if rows.ndim == 0 or len(rows) == 0:
        raise SettingsError("A bootstrap interval needs at least one value.")
    members = None if groups is None else _group_members(rows, groups)
    rng = np.random.default_rng(seed)
    resampled = []
    for _ in range(resamples):
        if members is None:
            chosen = rng.integers(len(rows), size=len(rows))
        else:
            drawn_groups = rng.integers(len(members), size=len(members))
            chosen = np.concatenate([members[index] for index in drawn_groups])
        resampled.append(statistics(rows[chosen]))
    estimates = np.asarray(statistics(rows), float)
    intervals = []
    for estimate, column in zip(estimates, np.asarray(resampled, float).T, strict=True):
        finite = column[np.isfinite(column)]
        if not finite.size:
            raise SettingsError("The statistic was not a finite number for any resample; check the values.")
        low, high = np.quantile(finite, [(1 - CONFIDENCE) / 2, 1 - (1 - CONFIDENCE) / 2])
        intervals.append(Interval(float(estimate), float(low), float(high)))
    return intervals


def _group_members(rows: NDArray[np.float64], groups: ArrayLike) -> list[NDArray[np.intp]]:
    """Row indices of each group."""
    labels = np.asarray(groups)
    if labels.shape != (len(rows),):
        raise SettingsError(f"There are {len(rows)} values but group labels of the shape {labels.shape}.")
    _, group_of_row = np.unique(labels, return_inverse=True)
    order = np.argsort(group_of_row, kind="stable")
    return np.split(order, np.cumsum(np.bincount(group_of_row))[:-1])


def jackknife(
    statistic: Callable[..., float],
    sizes: Sequence[int],
    *,
    groups: int = JACKKNIFE_GROUPS,
    seed: int = 0,
    shared: tuple[ArrayLike, ArrayLike] = ((), ()),
) -> JackknifeEstimate:
    """The grouped jackknife (Quenouille 1956; Tukey 1958): compute a statistic without each group in turn.

    A bias that falls as 1/N shows as the difference between the whole and the mean of these; their scatter
    is the standard error, and the interval is Student's. For smooth statistics: not for medians or minima.

    Args:
        statistic: takes, for each sample, the indices of the rows to use, in order.
        sizes: of the samples; groups are random, of the same share of each sample.
        groups: fewer are used where the smallest sample has fewer than two rows per group.
        seed: of the groups.
        shared: indices of equal rows of the first and of the second sample. The same picture is left out of
            both at once; as independent ones, they would make the correction far too large.

    Raises:
        SettingsError: a sample has fewer than four rows.
    """
    if min(sizes) < 4:
        raise SettingsError(f"An interval for this needs four pictures or more; there are {min(sizes)}.")
    groups = min(groups, min(sizes) // 2)
    rng = np.random.default_rng(seed)
    labels = [rng.permutation(size) % groups for size in sizes]
    own, others = (np.asarray(indices, np.intp) for indices in shared)
    if own.size:
        labels[1][others] = labels[0][own]
    whole = statistic(*(np.arange(size) for size in sizes))
    without = np.array([
        statistic(*(np.flatnonzero(part != group) for part in labels)) for group in range(groups)
    ])  # fmt: skip
    pseudo = groups * whole - (groups - 1) * without
    estimate = float(pseudo.mean())
    margin = float(student.ppf((1 + CONFIDENCE) / 2, groups - 1) * pseudo.std(ddof=1) / groups**0.5)
    return JackknifeEstimate(whole, Interval(estimate, estimate - margin, estimate + margin))
