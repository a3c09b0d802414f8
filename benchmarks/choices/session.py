"""One artist and one contestant, thirty grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.choices.artists import Artist, make
from benchmarks.choices.contestants import CONTESTANTS, Contestant, Ours
from benchmarks.choices.material import Material

PAIRS = 2000
GRIDS = 30


@dataclass(frozen=True)
class Row:
    """What a contestant knows after so many grids.

    Attributes:
        pairs: share of held-out pairs that it puts in their true order.
        choices: share of held-out pairs in which it foretells what the artist, with their noise, takes.
        proposed: percentile, among all held-out pictures, of the mean true utility of the nine best it
            proposes out of these.
        shown: likewise of the nine it had just shown, exploring included.
        update: median processor seconds of the last five updates; nan where not measured.
    """

    contestant: str
    kind: str
    noise: float
    seed: int
    grids: int
    pairs: float
    choices: float
    proposed: float
    shown: float
    update: float


def run(
    contestant: str, kind: str, noise: float, seed: int, material: Material, stops: tuple[int, ...]
) -> list[Row]:
    """Rows at the numbers of grids in ``stops``."""
    artist = make(kind, [*material.pool, *material.held_out], noise, seed)
    learner = CONTESTANTS[contestant](material, seed)
    rows = []
    for grid in range(1, max(stops) + 1):
        shown = learner.propose()
        learner.pick(artist.pick(shown), shown)
        if grid in stops:
            pairs, choices = _foretold(learner, artist, material, seed)
            true = artist.true(material.held_out)
            best = float(artist.true(learner.best(material.held_out)).mean())
            now = float(artist.true(shown).mean())
            seconds = learner.seconds[-5:] if type(learner) is Ours else []
            rows.append(
                Row(
                    contestant,
                    kind,
                    noise,
                    seed,
                    grid,
                    pairs=pairs,
                    choices=choices,
                    proposed=float((true < best).mean()),
                    shown=float((true < now).mean()),
                    update=float(np.median(seconds)) if seconds else float("nan"),
                )
            )
    return rows


def _foretold(learner: Contestant, artist: Artist, material: Material, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng([seed, 1])
    first, second = rng.integers(len(material.held_out), size=(2, PAIRS))
    first, second = first[first != second], second[first != second]
    scores, true = learner.scores(material.held_out), artist.true(material.held_out)
    said = scores[first] > scores[second]
    apart = true[first] - true[second]
    taken = apart + artist.noise * rng.logistic(size=len(apart)) > 0
    return float((said == (apart > 0)).mean()), float((said == taken).mean())
