"""Intervals for figures that are no means: the grouped jackknife, which also takes off a bias."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from bottega.errors import SettingsError
from bottega.evaluate.metrics.bootstrap import Interval

GROUPS = 20

Chosen = NDArray[np.intp]


@dataclass(frozen=True)
class Jackknifed:
    """A figure as it is, and without its bias of first order."""

    figure: float
    corrected: Interval


def jackknife(
    statistic: Callable[..., float],
    sizes: Sequence[int],
    *,
    groups: int = GROUPS,
    seed: int = 0,
    confidence: float = 0.95,
) -> Jackknifed:
    """Compute a figure again without each of some parts (Quenouille 1956; Tukey 1958).

    A bias that falls as 1/N shows as the difference between the whole and the mean of those; their scatter
    is the standard error, and the interval Student's. For smooth figures: not for medians or minima.

    Args:
        statistic: takes for each sample the numbers of the rows that are to be used, in order.
        sizes: of the samples; the parts are random, the same share of each sample.
        groups: parts; fewer where the smallest sample has not two rows for each.
        seed: of the parts.

    Raises:
        SettingsError: a sample has fewer than four rows.
    """
    if min(sizes) < 4:
        raise SettingsError(f"An interval for this needs four pictures or more; there are {min(sizes)}.")
    groups = min(groups, min(sizes) // 2)
    rng = np.random.default_rng(seed)
    labels = [rng.permutation(size) % groups for size in sizes]
    whole = statistic(*(np.arange(size) for size in sizes))
    without = np.array([
        statistic(*(np.flatnonzero(part != group) for part in labels)) for group in range(groups)
    ])  # fmt: skip
    pseudo = groups * whole - (groups - 1) * without
    estimate = float(pseudo.mean())
    reach = float(student.ppf((1 + confidence) / 2, groups - 1) * pseudo.std(ddof=1) / groups**0.5)
    return Jackknifed(whole, Interval(estimate, estimate - reach, estimate + reach))
