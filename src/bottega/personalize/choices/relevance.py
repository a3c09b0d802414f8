"""How far each weight may be from zero: found from the votes themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bottega.personalize.choices.features import CURVE, PAIR, SLOPE, UNNAMED, Features
from bottega.personalize.choices.laplace import Normal, approximate
from bottega.personalize.choices.likelihood import Evidence

Array = NDArray[np.float64]

SPREADS = (0.5, 1.2, 2.8)
"""Deviations of utility that are tried, in units of the noise of choice: an artist whose choices say little,
one whose choices are rather loose, and one who knows exactly."""
MIXES = ((0.80, 0.02, 0.02, 0.10), (0.50, 0.30, 0.02, 0.10), (0.40, 0.20, 0.30, 0.10))
"""Shares of utility's variance from slopes, curves, pairs and what has no name, that are tried."""
ROUNDS = 4
TRUST_IN_TRAITS = 1.0
"""Pseudo-observations of a trait's relevance being 1. Few let most traits go to nothing and some stand out
(the weights then follow Student's t distribution with so many degrees of freedom)."""
TRUST_IN_MIX = 4.0
"""Likewise of the shares."""
GENEROSITY_VARIANCE = 1.0
HOPELESS = 3.0
"""First guesses whose log evidence is so much below the best are dropped."""
FLOOR = 1e-8


@dataclass
class Prior:
    """Variances of weights: shares by kind of weight, times the relevance of traits.

    Attributes:
        mix: variances of slopes, curves, pairs and unnamed weights, for traits of relevance 1.
        relevance: ``(traits,)``, around 1.
    """

    features: Features
    mix: Array
    relevance: Array

    @classmethod
    def of(cls, features: Features, spread: float, shares: tuple[float, ...]) -> Prior:
        """Utility of the variance spread², shared out evenly among the weights of each kind."""
        sizes = np.array([np.sum(features.kinds == kind) for kind in (SLOPE, CURVE, PAIR, UNNAMED)])
        mix = spread**2 * np.array(shares) / np.maximum(sizes, 1)
        return cls(features, mix, np.ones(features.traits))

    def variances(self) -> Array:
        """Of all weights, ``(P + 1,)``."""
        unit = np.append(self.mix, GENEROSITY_VARIANCE)
        return unit[self.features.kinds] * self.by_trait() + FLOOR

    def by_trait(self) -> Array:
        """Relevance of each weight: its trait's; for pairs the product of both; else 1."""
        padded = np.append(self.relevance, 1.0)  # index -1: no trait
        return padded[self.features.first] * padded[self.features.second]

    def learn(self, posterior: Normal, start: Array) -> None:
        """One round of expectation–maximisation: variances as large as the weights were found to be.

        After MacKay 1992 and Tipping 2001 (automatic relevance determination), with inverse gamma priors that
        keep what the votes say nothing of where it was.

        Args:
            start: the mix that shares are drawn to.
        """
        kinds, first = self.features.kinds, self.features.first
        squares = posterior.mean**2 + np.diag(posterior.covariance)
        total, count = np.full(len(self.relevance), TRUST_IN_TRAITS), TRUST_IN_TRAITS
        for kind in (SLOPE, CURVE):
            own = kinds == kind
            total[first[own]] += squares[own] / self.mix[kind]
            count += 1
        self.relevance = total / count
        relative = squares / self.by_trait()
        for kind in (SLOPE, CURVE, PAIR, UNNAMED):
            own = kinds == kind
            self.mix[kind] = (TRUST_IN_MIX * start[kind] + relative[own].sum()) / (TRUST_IN_MIX + own.sum())


def infer(evidence: Evidence, features: Features) -> list[Normal]:
    """Posteriors of the weights from several first guesses of the prior, each improved in a few rounds.

    Guesses that the first round finds far less probable than the best are dropped. A function of the votes
    alone: the way by which they came leaves no trace.
    """
    guesses = [_Guess(evidence, features, spread, shares) for spread in SPREADS for shares in MIXES]
    best = max(guess.posterior.log_evidence for guess in guesses)
    kept = [guess for guess in guesses if guess.posterior.log_evidence >= best - HOPELESS]
    for guess in kept:
        for _ in range(ROUNDS):
            guess.improve()
    return [guess.posterior for guess in kept]


class _Guess:
    """One first guess of the prior, and what the votes make of it."""

    def __init__(
        self, evidence: Evidence, features: Features, spread: float, shares: tuple[float, ...]
    ) -> None:
        self.evidence, self.spread = evidence, spread
        self.prior = Prior.of(features, spread, shares)
        self.first_mix = self.prior.mix.copy()
        self.posterior = self._infer(np.zeros(len(features.kinds)))

    def improve(self) -> None:
        """One round: the prior from the posterior, the posterior from the prior."""
        self.prior.learn(self.posterior, self.first_mix)
        self.posterior = self._infer(self.posterior.mean)

    def _infer(self, start: Array) -> Normal:
        return approximate(self.evidence, self.prior.variances(), self.spread, start)
