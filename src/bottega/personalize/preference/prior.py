"""The prior of the weights, learned from the votes (automatic relevance determination)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bottega.personalize.preference.features import EMBEDDING, INTERACTION, LINEAR, QUADRATIC, FeatureMap
from bottega.personalize.preference.likelihood import VoteArrays
from bottega.personalize.preference.posterior import LaplaceApproximation, laplace_approximation

Array = NDArray[np.float64]

KINDS = (LINEAR, QUADRATIC, INTERACTION, EMBEDDING)

SPREADS = (0.5, 1.2, 2.8)
"""Initial deviations of utility, in units of the noise of choice: an artist whose choices say little, one
whose choices are rather loose, and one who knows exactly."""

KIND_SHARES = ((0.80, 0.02, 0.02, 0.10), (0.50, 0.30, 0.02, 0.10), (0.40, 0.20, 0.30, 0.10))
"""Initial shares of utility's variance, in the order of KINDS."""

EM_ROUNDS = 4

TRAIT_PSEUDO_COUNT = 1.0
"""Pseudo-observations of a trait's relevance being 1. Few let most traits go to nothing and some stand out
(the weights then follow Student's t distribution with so many degrees of freedom)."""

KIND_PSEUDO_COUNT = 4.0  # likewise of the variance of each kind
RATING_BIAS_VARIANCE = 1.0

MAX_EVIDENCE_GAP = 3.0  # initial priors whose log evidence is further below the best are dropped
MIN_VARIANCE = 1e-8


@dataclass
class Prior:
    """Variances of weights: a variance by kind of weight, times the relevance of its traits.

    Attributes:
        spread: deviation of utilities, the unit of the thresholds between ratings.
        kind_variances: in the order of KINDS, for traits of relevance 1.
        relevance: ``(traits,)``, around 1.
    """

    features: FeatureMap
    spread: float
    kind_variances: Array
    relevance: Array

    def __post_init__(self) -> None:
        self.initial_variances = self.kind_variances.copy()

    @classmethod
    def from_shares(cls, features: FeatureMap, spread: float, shares: tuple[float, ...]) -> Prior:
        """Utility of the variance spread², divided evenly among the weights of each kind."""
        counts = np.array([np.sum(features.kinds == kind) for kind in KINDS])
        variances = spread**2 * np.array(shares) / np.maximum(counts, 1)
        return cls(features, spread, variances, np.ones(features.traits))

    def posterior(self, votes: VoteArrays, start: Array) -> LaplaceApproximation:
        """The posterior after some votes; ``start`` are weights to begin the search at."""
        variances = np.append(self.kind_variances, RATING_BIAS_VARIANCE)[self.features.kinds]
        variances = variances * self._weight_relevance() + MIN_VARIANCE
        return laplace_approximation(votes, variances, self.spread, start)

    def _weight_relevance(self) -> Array:
        """Of each weight: its trait's; for interactions the product of both; else 1."""
        padded = np.append(self.relevance, 1.0)  # index -1: no trait
        return padded[self.features.first] * padded[self.features.second]

    def update(self, posterior: LaplaceApproximation) -> None:
        """One round of expectation–maximization: variances become the mean squares of the weights.

        After MacKay 1992 and Tipping 2001, with inverse gamma priors that keep at its initial value what the
        votes say nothing of.
        """
        kinds, first = self.features.kinds, self.features.first
        squares = posterior.mean**2 + np.diag(posterior.covariance)
        total, count = np.full(len(self.relevance), TRAIT_PSEUDO_COUNT), TRAIT_PSEUDO_COUNT
        for kind in (LINEAR, QUADRATIC):
            own = kinds == kind
            total[first[own]] += squares[own] / self.kind_variances[kind]
            count += 1
        self.relevance = total / count
        relative = squares / self._weight_relevance()
        for kind in KINDS:
            own = kinds == kind
            initial = KIND_PSEUDO_COUNT * self.initial_variances[kind]
            self.kind_variances[kind] = (initial + relative[own].sum()) / (KIND_PSEUDO_COUNT + own.sum())


def fit_posteriors(votes: VoteArrays, features: FeatureMap) -> list[LaplaceApproximation]:
    """Posteriors of the weights from several initial priors, each improved in a few rounds.

    Priors whose first evidence is far below the best are dropped. The result depends on the votes alone, not
    on their order.
    """
    fits = []
    for spread in SPREADS:
        for shares in KIND_SHARES:
            prior = Prior.from_shares(features, spread, shares)
            fits.append((prior, prior.posterior(votes, np.zeros(len(features.kinds)))))
    best = max(posterior.log_evidence for _, posterior in fits)
    posteriors = []
    for prior, posterior in fits:
        if posterior.log_evidence < best - MAX_EVIDENCE_GAP:
            continue
        for _ in range(EM_ROUNDS):
            prior.update(posterior)
            posterior = prior.posterior(votes, posterior.mean)
        posteriors.append(posterior)
    return posteriors
