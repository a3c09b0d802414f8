"""How probable an artist's votes are, given the weights of their utility."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

Array = NDArray[np.float64]

STEPS = np.array([-np.inf, -0.84, -0.25, 0.25, 0.84, np.inf])
"""Between the five ratings: quintiles of a normal distribution, in units of the utility's deviation."""


@dataclass(frozen=True)
class Evidence:
    """Votes as arrays.

    Picks follow the multinomial logit model (McFadden 1974; with one winner also Plackett–Luce): of a
    contest's items, the winner is i with probability exp(f_i) / Σ exp(f_j), which is what an artist does who
    sees each utility with independent Gumbel noise. Where several are picked, each is a contest of its own
    against all that were not. Ratings follow the cumulative logit model (McCullagh 1980): r stars with
    probability σ(s·STEPS[r] − f) − σ(s·STEPS[r − 1] − f), where f includes the artist's generosity.

    Attributes:
        contests: ``(contests, most items, P + 1)`` features, the winner first; rows beyond a contest are 0.
        present: ``(contests, most items)`` bool.
        rated: ``(ratings, P + 1)`` features, with 1 for the generosity.
        stars: ``(ratings,)`` from 1 to 5.
    """

    contests: Array
    present: NDArray[np.bool_]
    rated: Array
    stars: NDArray[np.intp]

    def scaled(self, by: Array) -> Evidence:
        """With every feature multiplied: votes over weights in units of ``by`` ``(P + 1,)``."""
        return Evidence(self.contests * by, self.present, self.rated * by, self.stars)

    def log_likelihood(self, weights: Array, spread: float) -> float:
        """Of all votes, where utilities have the deviation ``spread``."""
        picks = self._picks(weights)
        low, high = self._edges(weights, spread)
        # log(σ(h) − σ(l)) = log σ(h) + log σ(−l) + log(1 − exp(l − h))
        ratings = log_expit(high) + log_expit(-low) + np.log(-np.expm1(low - high))
        return float(picks.sum() + ratings.sum())

    def slope(self, weights: Array, spread: float) -> tuple[Array, Array]:
        """Gradient ``(P + 1,)`` and curvature ``(P + 1, P + 1)``: minus the Hessian, never negative."""
        size = len(weights)
        chances = self._chances(weights)
        pull = -chances
        pull[:, 0] += 1
        rows = self.contests.reshape(-1, size)
        means = np.einsum("cs,csp->cp", chances, self.contests)
        low, high = self._edges(weights, spread)
        # d/df log(σ(h − f) − σ(l − f)) = σ(h − f) + σ(l − f) − 1, and once more −σ'(h − f) − σ'(l − f).
        lower, upper = expit(low), expit(high)
        gradient = rows.T @ pull.ravel() + self.rated.T @ (lower + upper - 1)
        weight = lower * (1 - lower) + upper * (1 - upper)
        weighted = np.vstack([rows * np.sqrt(chances).reshape(-1, 1), self.rated * np.sqrt(weight)[:, None]])
        return gradient, weighted.T @ weighted - means.T @ means

    def _picks(self, weights: Array) -> Array:
        utilities = np.where(self.present, self.contests @ weights, -np.inf)
        most = utilities.max(1, initial=-np.inf, keepdims=True)
        return utilities[:, 0] - most[:, 0] - np.log(np.exp(utilities - most).sum(1))

    def _chances(self, weights: Array) -> Array:
        utilities = np.where(self.present, self.contests @ weights, -np.inf)
        risen = np.exp(utilities - utilities.max(1, initial=-np.inf, keepdims=True))
        return risen / risen.sum(1, keepdims=True)

    def _edges(self, weights: Array, spread: float) -> tuple[Array, Array]:
        utilities = self.rated @ weights
        return spread * STEPS[self.stars - 1] - utilities, spread * STEPS[self.stars] - utilities
