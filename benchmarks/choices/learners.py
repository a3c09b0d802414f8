"""Learners: the full model, and baselines."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from benchmarks.choices.item_pool import ItemPool
from bottega.personalize.preference import Item, ItemSpace, PreferenceModel

Array = NDArray[np.float64]

SHEET_SIZE = 9


class Learner(Protocol):
    """Proposes items, learns from picks, and scores."""

    def propose(self) -> list[Item]:
        """Nine items of the pool that were not shown yet."""

    def pick(self, chosen: Item, sheet: Sequence[Item]) -> None:
        """Learn from a choice."""

    def scores(self, items: Sequence[Item]) -> Array:
        """Estimated utilities ``(n,)``."""

    def best(self, items: Sequence[Item]) -> list[Item]:
        """The nine that it would propose now, without exploring."""


class FullModel:
    """The preference model and its proposals."""

    def __init__(self, pool: ItemPool, seed: int) -> None:
        self.model = PreferenceModel.from_pool(pool.traits, pool.pool, seed=seed)
        self.pool = pool.pool
        self.seconds: list[float] = []
        """Of processor time that each update took."""

    def propose(self) -> list[Item]:
        return self.model.propose(self.pool, SHEET_SIZE)

    def pick(self, chosen: Item, sheet: Sequence[Item]) -> None:
        self.model.pick(chosen, sheet)
        start = time.process_time()
        _ = self.model.posterior
        self.seconds.append(time.process_time() - start)

    def scores(self, items: Sequence[Item]) -> Array:
        return self.model.utility(items)[0]

    def best(self, items: Sequence[Item]) -> list[Item]:
        return self.model.propose(items, SHEET_SIZE, explore=0)


class RandomSheets(FullModel):
    """The preference model, with nine random pictures on each sheet."""

    def __init__(self, pool: ItemPool, seed: int) -> None:
        super().__init__(pool, seed)
        order = np.random.default_rng(seed).permutation(len(pool.pool))
        self.order = [pool.pool[number] for number in order]

    def propose(self) -> list[Item]:
        sheet, self.order = self.order[:SHEET_SIZE], self.order[SHEET_SIZE:]
        return sheet

    def pick(self, chosen: Item, sheet: Sequence[Item]) -> None:
        self.model.pick(chosen, sheet)


class Linear:
    """A plain linear model: multinomial logit over standardised traits and embedding, weights N(0, 1).

    It proposes the six best and three random ones, as the full model has six places for the best.
    """

    def __init__(self, pool: ItemPool, seed: int) -> None:
        self.space = ItemSpace.from_pool(pool.traits, pool.pool)
        self.rng = np.random.default_rng(seed)
        self.remaining = list(pool.pool)
        self.choice_sets: list[Array] = []
        self.weights = np.zeros(len(self.space.means))

    def propose(self) -> list[Item]:
        order = self.rng.permutation(len(self.remaining))
        ranked = order[np.argsort(-self.scores([self.remaining[n] for n in order]), kind="stable")]
        best = list(ranked[: 6 if self.choice_sets else 0])
        others = [n for n in self.rng.permutation(len(self.remaining)) if n not in best]
        return [self.remaining[n] for n in (*best, *others[: SHEET_SIZE - len(best)])]

    def pick(self, chosen: Item, sheet: Sequence[Item]) -> None:
        others = [item for item in sheet if item.id != chosen.id]
        self.choice_sets.append(self.space.standardize([chosen, *others]))
        used = {item.id for item in sheet}
        self.remaining = [item for item in self.remaining if item.id not in used]
        self.weights = fit_linear(np.array(self.choice_sets), self.weights)

    def scores(self, items: Sequence[Item]) -> Array:
        return self.space.standardize(items) @ self.weights

    def best(self, items: Sequence[Item]) -> list[Item]:
        return [items[n] for n in np.argsort(-self.scores(items), kind="stable")[:SHEET_SIZE]]


def fit_linear(choice_sets: Array, start: Array) -> Array:
    """Maximum a posteriori weights of ``choice_sets (n, 9, d)``, the winner first."""

    def loss(weights: Array) -> tuple[float, Array]:
        utilities = choice_sets @ weights
        value = (logsumexp(utilities, axis=1) - utilities[:, 0]).sum() + 0.5 * weights @ weights
        pull = softmax(utilities, axis=1)
        pull[:, 0] -= 1
        return float(value), np.einsum("ns,nsd->d", pull, choice_sets) + weights

    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x)


LEARNERS: dict[str, Callable[[ItemPool, int], Learner]] = {
    "full model": FullModel,
    "full model, random sheets": RandomSheets,
    "plain linear": Linear,
}
