"""One artist and one learner, thirty grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.choices.artists import Artist, make
from benchmarks.choices.item_pool import ItemPool
from benchmarks.choices.learners import LEARNERS, FullModel, Learner

PAIRS = 2000
GRIDS = 30


@dataclass(frozen=True)
class Row:
    """What a learner knows after so many grids.

    Attributes:
        pairs: share of held-out pairs that it puts in their true order.
        choices: share of held-out pairs in which it predicts what the artist, with their noise, picks.
        proposed: percentile, among all held-out pictures, of the mean true utility of the nine best it
            proposes out of these.
        presented: likewise of the last nine it showed, exploring included.
        update: median processor seconds of the last five updates; nan where not measured.
    """

    learner: str
    kind: str
    noise: float
    seed: int
    grids: int
    pairs: float
    choices: float
    proposed: float
    presented: float
    update: float


def run(
    learner: str, kind: str, noise: float, seed: int, pool: ItemPool, stops: tuple[int, ...]
) -> list[Row]:
    """Rows at the numbers of grids in ``stops``."""
    artist = make(kind, [*pool.pool, *pool.held_out], noise, seed)
    model = LEARNERS[learner](pool, seed)
    rows = []
    for grid in range(1, max(stops) + 1):
        sheet = model.propose()
        model.pick(artist.pick(sheet), sheet)
        if grid in stops:
            pairs, choices = _predict_held_out(model, artist, pool, seed)
            true = artist.true(pool.held_out)
            best = float(artist.true(model.best(pool.held_out)).mean())
            now = float(artist.true(sheet).mean())
            seconds = model.seconds[-5:] if type(model) is FullModel else []
            rows.append(
                Row(
                    learner,
                    kind,
                    noise,
                    seed,
                    grid,
                    pairs=pairs,
                    choices=choices,
                    proposed=float((true < best).mean()),
                    presented=float((true < now).mean()),
                    update=float(np.median(seconds)) if seconds else float("nan"),
                )
            )
    return rows


def _predict_held_out(learner: Learner, artist: Artist, pool: ItemPool, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng([seed, 1])
    first, second = rng.integers(len(pool.held_out), size=(2, PAIRS))
    first, second = first[first != second], second[first != second]
    scores, true = learner.scores(pool.held_out), artist.true(pool.held_out)
    predicted = scores[first] > scores[second]
    difference = true[first] - true[second]
    actual = difference + artist.noise * rng.logistic(size=len(difference)) > 0
    return float((predicted == (difference > 0)).mean()), float((predicted == actual).mean())
