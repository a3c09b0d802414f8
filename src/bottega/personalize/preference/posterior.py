"""The posterior of the weights: Laplace's approximation, and a mixture of several as one distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, lapack
from scipy.special import softmax

from bottega.personalize.preference.likelihood import VoteArrays

Array = NDArray[np.float64]

NEWTON_ROUNDS = 40
NEWTON_TOLERANCE = 1e-3  # newton's method ends when the log posterior rises by less


@dataclass(frozen=True)
class LaplaceApproximation:
    """A normal distribution at the mode of a posterior (MacKay 2003, chapter 27).

    Attributes:
        mean: ``(P + 1,)``, the mode.
        covariance: ``(P + 1, P + 1)``, the inverse of the curvature there.
        log_evidence: log probability of the votes with the weights integrated out.
    """

    mean: Array
    covariance: Array
    log_evidence: float


def laplace_approximation(
    votes: VoteArrays, variances: Array, spread: float, start: Array
) -> LaplaceApproximation:
    """The posterior of weights with the prior N(0, diag(variances)).

    The log posterior is concave, so Newton's method with halved steps finds its one mode.

    Args:
        variances: ``(P + 1,)``, positive.
        spread: deviation of utilities, the unit of the thresholds between ratings.
        start: ``(P + 1,)`` weights to begin at; they change the path, not the end.
    """
    deviations = np.sqrt(variances)
    votes = votes.scale_features(deviations)  # over v = w / deviation, whose prior is N(0, 1)
    v = start / deviations
    value = _log_posterior(votes, v, spread)
    for _ in range(NEWTON_ROUNDS):
        factor, step = _newton_step(votes, v, spread)
        previous = value
        v, value = _line_search(votes, v, step, spread, value)
        if value - previous < NEWTON_TOLERANCE:
            break
    # The factor belongs to the start of the last step, which is its end but for NEWTON_TOLERANCE.
    lower, _ = lapack.dpotri(factor[0], lower=True)
    inverse = np.tril(lower) + np.tril(lower, -1).T
    covariance = inverse * np.outer(deviations, deviations)
    return LaplaceApproximation(v * deviations, covariance, value - float(np.log(np.diag(factor[0])).sum()))


def _log_posterior(votes: VoteArrays, v: Array, spread: float) -> float:
    return votes.log_likelihood(v, spread) - 0.5 * float(v @ v)


def _newton_step(votes: VoteArrays, v: Array, spread: float) -> tuple[tuple[Array, bool], Array]:
    """The Cholesky factor of the curvature, and the step."""
    gradient, curvature = votes.gradient_and_curvature(v, spread)
    curvature[np.diag_indices(len(v))] += 1
    factor = cho_factor(curvature, lower=True, overwrite_a=True, check_finite=False)
    return factor, cho_solve(factor, gradient - v, check_finite=False)


def _line_search(
    votes: VoteArrays, v: Array, step: Array, spread: float, value: float
) -> tuple[Array, float]:
    """The step, halved until the log posterior rises; its end and the log posterior there."""
    share = 1.0
    while share > 1e-4:
        new_value = _log_posterior(votes, v + share * step, spread)
        if new_value >= value:
            return v + share * step, new_value
        share /= 2
    return v, value


@dataclass(frozen=True)
class Posterior:
    """The normal distribution of the weights: mean ``(P + 1,)`` and covariance ``(P + 1, P + 1)``."""

    mean: Array
    covariance: Array

    @classmethod
    def from_mixture(cls, components: Sequence[LaplaceApproximation]) -> Posterior:
        """With the mean and the covariance of the mixture of components, weighted by their evidence."""
        shares = softmax([component.log_evidence for component in components])
        means = np.array([component.mean for component in components])
        mean = shares @ means
        deviations = (means - mean) * np.sqrt(shares)[:, None]
        covariance = sum(s * c.covariance for s, c in zip(shares, components, strict=True))
        return cls(mean, np.asarray(covariance) + deviations.T @ deviations)

    def utility(self, features: Array) -> tuple[Array, Array]:
        """Mean and deviation ``(n,)`` of the utility of ``features (n, P + 1)``.

        The unit is the logistic noise of choice: of two items whose utilities differ by 1, the better is
        chosen in 73 of 100 cases.
        """
        variance = np.einsum("np,np->n", features @ self.covariance, features)
        return features @ self.mean, np.sqrt(np.maximum(variance, 0))

    def sample(self, count: int, rng: np.random.Generator) -> Array:
        """Random weights ``(count, P + 1)``."""
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0))
        return self.mean + rng.standard_normal((count, len(self.mean))) @ root.T
