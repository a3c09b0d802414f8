"""Diversity, Vendi score and cosine similarity against direct computations."""

import numpy as np
import pytest

from bottega.errors import SettingsError
from bottega.evaluation import cosine_similarity, mean_pairwise_distance, vendi_score


def rows(n=12, d=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)) + 0.3


def test_mean_pairwise_distance_is_the_mean_over_pairs(monkeypatch):
    x = rows()
    pairs = [np.linalg.norm(x[i] - x[j]) for i in range(12) for j in range(i)]
    assert mean_pairwise_distance(x) == pytest.approx(np.mean(pairs), rel=1e-9)
    monkeypatch.setattr("bottega.evaluation.metrics.features.BLOCK_ROWS", 5)
    assert mean_pairwise_distance(x) == pytest.approx(np.mean(pairs), rel=1e-9)
    assert mean_pairwise_distance(np.repeat(x[:1], 4, axis=0)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("n", "d"), [(12, 5), (5, 12)])
def test_vendi_score_is_the_formula(n, d):
    x = rows(n, d)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(unit @ unit.T / n)
    values = values[values > 1e-12]
    assert vendi_score(x) == pytest.approx(np.exp(-(values * np.log(values)).sum()), rel=1e-9)
    assert vendi_score(x, center=x.mean(0)) == pytest.approx(vendi_score(x - x.mean(0)), rel=1e-9)


def test_vendi_score_counts_different_pictures():
    different = np.eye(6)
    assert vendi_score(different) == pytest.approx(6)
    assert vendi_score(np.repeat(different[:3], 5, axis=0)) == pytest.approx(3)
    with pytest.raises(SettingsError, match="center"):
        vendi_score(different, center=np.zeros(5))


def test_cosine_similarity_of_pairs():
    x, y = rows(), rows(seed=1)
    expected = [(a @ b) / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(cosine_similarity(x, y), expected, rtol=1e-9)
    with pytest.raises(SettingsError, match="12 and 3 pictures"):
        cosine_similarity(x, y[:3])
