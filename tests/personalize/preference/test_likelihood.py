"""The probability of votes, its slope, and the posterior, against independent computations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad, minimize
from scipy.special import expit

from bottega.personalize.preference.events import Like, Pick, Rating
from bottega.personalize.preference.features import FeatureMap
from bottega.personalize.preference.likelihood import RATING_THRESHOLDS, VoteArrays, votes_to_arrays
from bottega.personalize.preference.posterior import laplace_approximation

RNG = np.random.default_rng(0)
NAMES = [f"p{number}" for number in range(8)]
FEATURES = np.hstack([RNG.normal(size=(8, 4)), np.zeros((8, 1))])
VOTES = [
    Pick(items=("p0", "p1", "p2", "p3"), chosen=("p2",)),
    Pick(items=("p3", "p4", "p5"), chosen=("p3", "p5")),
    Rating(item="p1", stars=1),
    Rating(item="p6", stars=3),
    Like(item="p7"),
]
WEIGHTS = RNG.normal(size=5)
SPREAD = 1.7


@pytest.fixture
def votes() -> VoteArrays:
    return votes_to_arrays(VOTES, NAMES, FEATURES.copy())


def test_value_by_hand(votes: VoteArrays) -> None:
    f = FEATURES @ WEIGHTS
    rated = f + WEIGHTS[-1]
    expected = f[2] - np.log(np.exp(f[:4]).sum())
    expected += f[3] - np.log(np.exp(f[[3, 4]]).sum())
    expected += f[5] - np.log(np.exp(f[[5, 4]]).sum())
    steps = SPREAD * RATING_THRESHOLDS
    for item, stars in ((1, 1), (6, 3), (7, 5)):
        expected += np.log(expit(steps[stars] - rated[item]) - expit(steps[stars - 1] - rated[item]))
    assert votes.log_likelihood(WEIGHTS, SPREAD) == pytest.approx(expected, rel=1e-12)


def test_gradient_and_curvature_by_differences(votes: VoteArrays) -> None:
    def value(w: np.ndarray) -> float:
        return votes.log_likelihood(w, SPREAD)

    def slope(w: np.ndarray) -> np.ndarray:
        return votes.gradient_and_curvature(w, SPREAD)[0]

    assert check_grad(value, slope, WEIGHTS) < 1e-5
    step = 1e-5
    curvature = -np.array(
        [(slope(WEIGHTS + step * e) - slope(WEIGHTS - step * e)) / (2 * step) for e in np.eye(5)]
    )
    np.testing.assert_allclose(votes.gradient_and_curvature(WEIGHTS, SPREAD)[1], curvature, atol=1e-6)


def test_mode_and_covariance_against_scipy(votes: VoteArrays) -> None:
    variances = np.array([1.0, 0.5, 2.0, 1e-3, 0.7])

    def loss(w: np.ndarray) -> float:
        return -votes.log_likelihood(w, SPREAD) + 0.5 * float((w * w / variances).sum())

    best = minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-8})
    result = laplace_approximation(votes, variances, SPREAD, np.zeros(5))
    np.testing.assert_allclose(result.mean, best.x, atol=2e-3)
    precision = votes.gradient_and_curvature(best.x, SPREAD)[1] + np.diag(1 / variances)
    np.testing.assert_allclose(result.covariance, np.linalg.inv(precision), atol=5e-3)


def test_the_start_does_not_matter(votes: VoteArrays) -> None:
    ends = [
        laplace_approximation(votes, np.ones(5), SPREAD, start) for start in (np.zeros(5), np.full(5, 2.0))
    ]
    np.testing.assert_allclose(ends[0].mean, ends[1].mean, atol=5e-3)
    assert ends[0].log_evidence == pytest.approx(ends[1].log_evidence, abs=1e-2)


def test_log_evidence_against_sampling() -> None:
    """Laplace's approximation of one pick of two with one weight, against the integral."""
    features = np.array([[1.0, 0.0], [0.0, 0.0]])
    votes = votes_to_arrays([Pick(items=("a", "b"), chosen=("a",))], ["a", "b"], features)
    result = laplace_approximation(votes, np.array([1.0, 1.0]), 1.0, np.zeros(2))
    assert result.log_evidence == pytest.approx(np.log(0.5), abs=0.02)  # by symmetry exactly one half


def test_without_votes_the_prior_stands() -> None:
    result = laplace_approximation(
        votes_to_arrays([], [], np.zeros((0, 3))), np.array([4.0, 1.0, 0.5]), 1.0, np.zeros(3)
    )
    np.testing.assert_allclose(result.mean, 0)
    np.testing.assert_allclose(result.covariance, np.diag([4.0, 1.0, 0.5]), atol=1e-12)
    assert result.log_evidence == pytest.approx(0)


def test_features_by_hand() -> None:
    from simulated_artist import TRAITS, pool

    from bottega.personalize.preference import ItemSpace

    space = ItemSpace.from_pool(TRAITS, pool(embedding=2))
    features = FeatureMap.from_space(space)
    u = np.array([[0.5, -1.0, 2.0, 0.0, 0.3, -0.7]])
    expected = [
        *(0.5, -1.0, 2.0, 0.0),
        *((x * x - 1) / np.sqrt(2) for x in (0.5, -1.0, 2.0, 0.0)),
        *(-0.5, 1.0, 0.0, -2.0, 0.0, 0.0),
        *(0.3, -0.7),
        0.0,
    ]
    np.testing.assert_allclose(features(u)[0], expected)
    assert len(features.kinds) == 4 + 4 + 6 + 2 + 1
