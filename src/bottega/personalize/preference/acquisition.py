"""What to show next: items of high utility, items of uncertain utility, and no two similar ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bottega.personalize.preference.posterior import Posterior

Array = NDArray[np.float64]

MIN_DISTANCE_SHARE = 0.6
"""Between two items of one proposal, as a share of the pool's median distance, as long as enough items are
that far apart."""

DISTANCE_SAMPLE = 500  # items between which the median distance is measured


def thompson_proposal(
    posterior: Posterior,
    features: Array,
    coordinates: Array,
    count: int,
    explore: float,
    rng: np.random.Generator,
) -> list[int]:
    """Indices of the items to show, in random order.

    A share ``explore`` of the places goes to Thompson sampling (Thompson 1933; Russo et al. 2018): each takes
    the best item under weights drawn from the posterior, so that an uncertain item gets its chance as often
    as it may be the best. The other places take the best under the mean.

    Args:
        features: ``(n, P + 1)``.
        coordinates: ``(n, c)``, for distances between items.
        count: all where there are fewer.
        explore: share in [0, 1].
    """
    explorers = round(count * explore)
    means = np.tile(features @ posterior.mean, (count - explorers, 1))
    utilities = np.vstack([means, posterior.sample(explorers, rng) @ features.T])
    sample = coordinates[rng.permutation(len(coordinates))[:DISTANCE_SAMPLE]]
    median = float(np.median(_distances(sample, sample)))
    chosen: list[int] = []
    for utility in utilities[: len(features)]:
        chosen.append(_best_distant(utility, coordinates, chosen, median))
    return [chosen[i] for i in rng.permutation(len(chosen))]


def representative_items(coordinates: Array, count: int, rng: np.random.Generator) -> list[int]:
    """Indices of items that represent the pool, in random order: a first proposal, without any votes.

    Greedy k-medoids: each brings the mean distance from any item to its nearest chosen one down the most.
    """
    sample = rng.permutation(len(coordinates))[:DISTANCE_SAMPLE]
    distances = _distances(coordinates[sample], coordinates[sample])
    nearest = np.full(len(sample), np.inf)
    chosen: list[int] = []
    for _ in range(min(count, len(sample))):
        totals = np.minimum(nearest, distances).sum(1)
        totals[chosen] = np.inf
        best = int(totals.argmin())
        chosen.append(best)
        nearest = np.minimum(nearest, distances[best])
    return [int(sample[chosen[i]]) for i in rng.permutation(len(chosen))]


def _best_distant(utility: Array, coordinates: Array, chosen: list[int], median: float) -> int:
    """The best item that is far enough from those chosen; the distance is halved until there is one."""
    if not chosen:
        return int(utility.argmax())
    nearest = _distances(coordinates[chosen], coordinates).min(0)
    nearest[chosen] = -1  # never twice, not even where two items are equal
    least = MIN_DISTANCE_SHARE * median
    while least > 1e-3 * median and not (nearest >= least).any():
        least /= 2
    is_allowed = nearest >= least if (nearest >= least).any() else nearest >= 0
    return int(np.where(is_allowed, utility, -np.inf).argmax())


def _distances(some: Array, others: Array) -> Array:
    """Euclidean, ``(some, others)``."""
    squares = (some**2).sum(1)[:, None] + (others**2).sum(1) - 2 * some @ others.T
    return np.sqrt(np.maximum(squares, 0))
