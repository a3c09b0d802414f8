"""The likelihood of an artist's votes, for weights of their utility."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from bottega.personalize.preference.events import MAX_STARS, Pick, Rating, Vote, choice_sets

Array = NDArray[np.float64]

RATING_THRESHOLDS = np.array([-np.inf, -0.84, -0.25, 0.25, 0.84, np.inf])
"""Between the five ratings: quintiles of a normal distribution, in units of the utility's deviation."""


@dataclass(frozen=True)
class VoteArrays:
    """Votes as arrays, and their likelihood.

    Picks follow the multinomial logit model (McFadden 1974; with one winner also Plackett–Luce): the winner
    of a choice set is i with probability exp(f_i) / Σ exp(f_j), which is what an artist does who sees each
    utility with independent Gumbel noise. Where several are chosen, each has a choice set of its own with all
    that were not. Ratings follow the cumulative logit model (McCullagh 1980): r stars with probability
    σ(s·THRESHOLDS[r] − f) − σ(s·THRESHOLDS[r − 1] − f), where f includes the artist's rating bias.

    Attributes:
        choices: ``(choice sets, most items, P + 1)`` features, the winner first; padding is 0.
        is_item: ``(choice sets, most items)`` bool, False for padding.
        rated: ``(ratings, P + 1)`` features, with 1 for the rating bias.
        stars: ``(ratings,)`` from 1 to 5.
    """

    choices: Array
    is_item: NDArray[np.bool_]
    rated: Array
    stars: NDArray[np.intp]

    def scale_features(self, factors: Array) -> VoteArrays:
        """With features times ``factors (P + 1,)``: votes over weights in units of these."""
        return VoteArrays(self.choices * factors, self.is_item, self.rated * factors, self.stars)

    def log_likelihood(self, weights: Array, spread: float) -> float:
        """Of all votes, where utilities have the deviation ``spread``."""
        utilities = self._utilities(weights)
        largest = utilities.max(1, initial=-np.inf, keepdims=True)
        picks = utilities[:, 0] - largest[:, 0] - np.log(np.exp(utilities - largest).sum(1))
        low, high = self._thresholds(weights, spread)
        # log(σ(h) − σ(l)) = log σ(h) + log σ(−l) + log(1 − exp(l − h))
        ratings = log_expit(high) + log_expit(-low) + np.log(-np.expm1(low - high))
        return float(picks.sum() + ratings.sum())

    def gradient_and_curvature(self, weights: Array, spread: float) -> tuple[Array, Array]:
        """Gradient ``(P + 1,)`` of the log likelihood, and minus its Hessian, which is never negative."""
        size = len(weights)
        utilities = self._utilities(weights)
        exponentials = np.exp(utilities - utilities.max(1, initial=-np.inf, keepdims=True))
        probabilities = exponentials / exponentials.sum(1, keepdims=True)
        residuals = -probabilities
        residuals[:, 0] += 1
        rows = self.choices.reshape(-1, size)
        means = np.einsum("cs,csp->cp", probabilities, self.choices)
        low, high = self._thresholds(weights, spread)
        # d/df log(σ(h − f) − σ(l − f)) = σ(h − f) + σ(l − f) − 1, and once more −σ'(h − f) − σ'(l − f).
        lower, upper = expit(low), expit(high)
        gradient = rows.T @ residuals.ravel() + self.rated.T @ (lower + upper - 1)
        weight = lower * (1 - lower) + upper * (1 - upper)
        weighted = np.vstack(
            [rows * np.sqrt(probabilities).reshape(-1, 1), self.rated * np.sqrt(weight)[:, None]]
        )
        return gradient, weighted.T @ weighted - means.T @ means

    def _utilities(self, weights: Array) -> Array:
        return np.where(self.is_item, self.choices @ weights, -np.inf)

    def _thresholds(self, weights: Array, spread: float) -> tuple[Array, Array]:
        """The thresholds around each rating, relative to its utility."""
        utilities = self.rated @ weights
        low, high = RATING_THRESHOLDS[self.stars - 1], RATING_THRESHOLDS[self.stars]
        return spread * low - utilities, spread * high - utilities


def votes_to_arrays(votes: Sequence[Vote], names: Sequence[str], features: Array) -> VoteArrays:
    """The arrays of active votes.

    Args:
        names: of all items in the votes.
        features: of these items, ``(n, P + 1)``, with 0 for the rating bias.
    """
    index = {name: i for i, name in enumerate(names)}
    sets = choice_sets(votes)
    rows = np.full((len(sets), max(map(len, sets), default=1)), -1)
    for row, items in zip(rows, sets, strict=True):
        row[: len(items)] = [index[name] for name in items]
    ratings = [vote for vote in votes if not isinstance(vote, Pick)]
    rated = features[[index[vote.item] for vote in ratings]].reshape(len(ratings), features.shape[1])
    rated[:, -1] = 1
    return VoteArrays(
        choices=np.where((rows >= 0)[..., None], features[rows], 0),
        is_item=rows >= 0,
        rated=rated,
        stars=np.asarray([v.stars if isinstance(v, Rating) else MAX_STARS for v in ratings], np.intp),
    )
