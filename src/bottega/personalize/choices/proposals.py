"""What to show next: what will please, what would tell most, and no two alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bottega.personalize.choices.belief import Belief

Array = NDArray[np.float64]

APART = 0.6
"""Two items of one proposal are at least so far apart, as a share of the pool's median distance, as long as
there are enough of them."""
POOL_SAMPLE = 500
"""Items between which the median distance is measured."""


def propose(
    belief: Belief, features: Array, coordinates: Array, count: int, explore: float, rng: np.random.Generator
) -> list[int]:
    """Numbers of the items to show, in random order.

    Of the places, a share ``explore`` goes to Thompson sampling (Thompson 1933; Russo et al. 2018): each
    takes the best item under utilities that are drawn as they may well be, so that a doubtful item gets its
    chance as often as it may be the best. The other places take the best under the mean.

    Args:
        features: ``(n, P + 1)``.
        coordinates: ``(n, c)``, in which distances count.
        count: how many; all where there are fewer.
        explore: share in [0, 1].
    """
    explorers = round(count * explore)
    utilities = np.vstack(
        [
            np.tile(features @ belief.mean, (count - explorers, 1)),
            belief.draws(explorers, rng) @ features.T,
        ]
    )
    distant = _Distances(coordinates, rng)
    chosen: list[int] = []
    for utility in utilities[: len(features)]:
        chosen.append(distant.best(utility, chosen))
    return [chosen[place] for place in rng.permutation(len(chosen))]


def spread_out(coordinates: Array, count: int, rng: np.random.Generator) -> list[int]:
    """Numbers of items that stand for all, in random order: a first proposal, while nothing is known.

    Greedy k-medoids: each brings the mean distance from any item to its nearest chosen one down the most.
    """
    sample = rng.permutation(len(coordinates))[:POOL_SAMPLE]
    distances = _distances(coordinates[sample], coordinates[sample])
    nearest = np.full(len(sample), np.inf)
    chosen: list[int] = []
    for _ in range(min(count, len(sample))):
        left = np.minimum(nearest, distances).sum(1)
        left[chosen] = np.inf
        best = int(left.argmin())
        chosen.append(best)
        nearest = np.minimum(nearest, distances[best])
    return [int(sample[chosen[place]]) for place in rng.permutation(len(chosen))]


class _Distances:
    """Keeps the items of a proposal apart."""

    def __init__(self, coordinates: Array, rng: np.random.Generator) -> None:
        self.coordinates = coordinates
        sample = coordinates[rng.permutation(len(coordinates))[:POOL_SAMPLE]]
        self.median = float(np.median(_distances(sample, sample)))

    def best(self, utility: Array, chosen: list[int]) -> int:
        """The best item that is far enough from those chosen; where none is, nearer ones will do."""
        if not chosen:
            return int(utility.argmax())
        nearest = _distances(self.coordinates[chosen], self.coordinates).min(0)
        nearest[chosen] = -1  # never twice, not even where two items are equal
        apart = APART * self.median
        while apart > 1e-3 * self.median and not (nearest >= apart).any():
            apart /= 2
        allowed = nearest >= apart if (nearest >= apart).any() else nearest >= 0
        return int(np.where(allowed, utility, -np.inf).argmax())


def _distances(some: Array, others: Array) -> Array:
    """Euclidean, ``(some, others)``."""
    squares = (some**2).sum(1)[:, None] + (others**2).sum(1) - 2 * some @ others.T
    return np.sqrt(np.maximum(squares, 0))
