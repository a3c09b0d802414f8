"""Precision, recall, density, coverage and novelty against the definitions written as loops."""

import numpy as np
import pytest

from bottega.errors import SettingsError
from bottega.evaluation import novelty, precision_recall
from bottega.evaluation.metrics.precision_recall import neighbor_distances


def sets(n=40, m=30, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 4)) + 1.0, rng.normal(size=(m, 4))


def distances(a, b):
    return np.array([[np.linalg.norm(x - y) for y in b] for x in a])


def balls(rows, k):
    return np.sort(distances(rows, rows), axis=1)[:, k]  # the first is the row itself


@pytest.mark.parametrize("block", [7, 1024])
def test_the_four_shares_equal_their_definitions(block, monkeypatch):
    monkeypatch.setattr("bottega.evaluation.metrics.features.BLOCK_ROWS", block)
    x, y = sets()
    k = 3
    between, in_x, in_y = distances(x, y), balls(x, k), balls(y, k)
    result = precision_recall(x, y, neighbors=k, resamples=200)
    assert result.precision.estimate == pytest.approx(np.mean([(row <= in_y).any() for row in between]))
    assert result.recall.estimate == pytest.approx(np.mean([(column <= in_x).any() for column in between.T]))
    assert result.density.estimate == pytest.approx(
        sum((row <= in_y).sum() for row in between) / (k * len(x))
    )
    assert result.coverage.estimate == pytest.approx(np.mean(between.min(axis=0) <= in_y))
    assert 0.2 < result.precision.low < result.precision.estimate < result.precision.high <= 1


def test_known_sets():
    x, y = sets()
    far = precision_recall(x + 100, y, resamples=50)
    assert (far.precision.estimate, far.recall.estimate, far.density.estimate) == (0, 0, 0)
    same = precision_recall(y, y, resamples=50)
    assert (same.precision.estimate, same.recall.estimate, same.coverage.estimate) == (1, 1, 1)
    # One picture repeated: full precision, hardly any recall.
    collapsed = precision_recall(np.repeat(y[:1], 20, axis=0), y, resamples=50)
    assert collapsed.precision.estimate == 1
    assert collapsed.recall.estimate == pytest.approx(1 / len(y))


def test_neighbor_distances():
    x, _ = sets()
    np.testing.assert_allclose(neighbor_distances(x, 2), balls(x, 2), rtol=1e-9)


def test_novelty_finds_copies_and_their_originals():
    x, y = sets()
    mixed = np.concatenate([y[[4, 9]], x[:3]])
    result = novelty(mixed, y)
    assert result.nearest[:2].tolist() == [4, 9]
    assert result.ratios[:2].max() < 1e-6
    expected = distances(x[:3], y).min(axis=1) / np.median(balls(y, 1))
    np.testing.assert_allclose(result.ratios[2:], expected, rtol=1e-6)


def test_pictures_that_stand_twice_do_not_change_the_unit_of_novelty():
    x, y = sets()
    once, twice = novelty(x, y), novelty(x, np.repeat(y, 2, axis=0))
    np.testing.assert_allclose(once.ratios, twice.ratios, rtol=1e-9)


def test_invalid_sets_are_refused():
    x, y = sets()
    with pytest.raises(SettingsError, match="4 pictures or more; there are 3"):
        precision_recall(x[:3], y)
    with pytest.raises(SettingsError, match="are the same"):
        novelty(x, np.repeat(y[:1], 2, axis=0))
    with pytest.raises(SettingsError, match="dimensions"):
        novelty(x[:, :2], y)
