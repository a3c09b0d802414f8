"""The most probable weights under a normal prior, and the normal distribution that fits there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, lapack

from bottega.personalize.choices.likelihood import Evidence

Array = NDArray[np.float64]

ROUNDS = 40
ENOUGH = 1e-3
"""Newton's method ends when the log posterior rises by less."""


@dataclass(frozen=True)
class Normal:
    """Laplace's approximation of a posterior (MacKay 2003, chapter 27).

    Attributes:
        mean: ``(P + 1,)``, the mode.
        covariance: ``(P + 1, P + 1)``, the inverse of the curvature there.
        log_evidence: log probability of the votes with the weights integrated out.
    """

    mean: Array
    covariance: Array
    log_evidence: float


def approximate(evidence: Evidence, variances: Array, spread: float, start: Array) -> Normal:
    """The posterior of weights with the prior N(0, diag(variances)).

    The log posterior is concave, so Newton's method with halved steps finds its one mode.

    Args:
        variances: ``(P + 1,)``, positive.
        spread: deviation of utilities, the unit of the steps between ratings.
        start: ``(P + 1,)`` weights to begin at; they change the way, not the end.
    """
    deviations = np.sqrt(variances)
    votes = evidence.scaled(deviations)  # over v = w / deviation, whose prior is N(0, 1)
    v = start / deviations
    reached = _log_posterior(votes, v, spread)
    for _ in range(ROUNDS):
        factor, step = _newton(votes, v, spread)
        before = reached
        v, reached = _climb(votes, v, step, spread, reached)
        if reached - before < ENOUGH:
            break
    # The factor belongs to the last step's beginning, which is its end but for ENOUGH.
    inverse = _inverse(factor) * np.outer(deviations, deviations)
    return Normal(v * deviations, inverse, reached - float(np.log(np.diag(factor[0])).sum()))


def _log_posterior(votes: Evidence, v: Array, spread: float) -> float:
    return votes.log_likelihood(v, spread) - 0.5 * float(v @ v)


def _newton(votes: Evidence, v: Array, spread: float) -> tuple[tuple[Array, bool], Array]:
    """The Cholesky factor of the curvature, and Newton's step."""
    gradient, curvature = votes.slope(v, spread)
    curvature[np.diag_indices(len(v))] += 1
    factor = cho_factor(curvature, lower=True, overwrite_a=True, check_finite=False)
    return factor, cho_solve(factor, gradient - v, check_finite=False)


def _climb(votes: Evidence, v: Array, step: Array, spread: float, reached: float) -> tuple[Array, float]:
    """As much of the step as rises."""
    share = 1.0
    while share > 1e-4:
        found = _log_posterior(votes, v + share * step, spread)
        if found >= reached:
            return v + share * step, found
        share /= 2
    return v, reached


def _inverse(factor: tuple[Array, bool]) -> Array:
    lower, _ = lapack.dpotri(factor[0], lower=True)
    inverse = np.tril(lower)
    return inverse + np.tril(lower, -1).T
