"""What is believed of an artist's utility: a normal distribution over its weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr, softmax

from bottega.personalize.choices.laplace import Normal

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Belief:
    """Mean ``(P + 1,)`` and covariance ``(P + 1, P + 1)`` of the weights."""

    mean: Array
    covariance: Array

    @classmethod
    def of(cls, posteriors: Sequence[Normal]) -> Belief:
        """Several posteriors, weighted by their evidence, as the one normal distribution that has their
        mixture's mean and covariance."""
        shares = softmax([posterior.log_evidence for posterior in posteriors])
        means = np.array([posterior.mean for posterior in posteriors])
        mean = shares @ means
        apart = (means - mean) * np.sqrt(shares)[:, None]
        covariance = sum(s * p.covariance for s, p in zip(shares, posteriors, strict=True))
        return cls(mean, np.asarray(covariance) + apart.T @ apart)

    def utility(self, features: Array) -> tuple[Array, Array]:
        """Mean and deviation ``(n,)`` of the utility of ``features (n, P + 1)``.

        The unit is the logistic noise of choice: of two items whose utilities differ by 1, the better is
        taken in 73 of 100 cases.
        """
        variance = np.einsum("np,np->n", features @ self.covariance, features)
        return features @ self.mean, np.sqrt(np.maximum(variance, 0))

    def preference(self, features: Array, others: Array) -> Array:
        """Probability ``(n,)`` that an item is taken before another, both ``(n, P + 1)``: noise and doubt
        included (the probit approximation of MacKay 1992: σ(mean / √(1 + π variance / 8)))."""
        mean, deviation = self.utility(features - others)
        return np.asarray(expit(mean / np.sqrt(1 + np.pi * deviation**2 / 8)))

    def certainty(self, features: Array, others: Array) -> Array:
        """Probability ``(n,)`` that an item's utility is above another's."""
        mean, deviation = self.utility(features - others)
        return np.asarray(ndtr(mean / np.maximum(deviation, 1e-12)))

    def draws(self, count: int, rng: np.random.Generator) -> Array:
        """Weights as they may be, ``(count, P + 1)``."""
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0))
        return self.mean + rng.standard_normal((count, len(self.mean))) @ root.T
