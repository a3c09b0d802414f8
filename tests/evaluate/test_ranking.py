"""Ranking measures against scikit-learn and against counting by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bottega.errors import SettingsError
from bottega.evaluate import auc, retrieval_ranks


@pytest.mark.parametrize("digits", [0, 1, 8])  # few digits make many ties
def test_auc_equals_scikit_learn(digits):
    rng = np.random.default_rng(5)
    positives = np.round(rng.normal(1, 1, 37), digits)
    negatives = np.round(rng.normal(0, 1, 91), digits)
    labels = np.r_[np.ones(37), np.zeros(91)]
    expected = roc_auc_score(labels, np.r_[positives, negatives])
    assert auc(positives, negatives) == pytest.approx(expected, abs=1e-12)


def test_auc_at_its_ends():
    assert auc([2, 3], [0, 1]) == 1
    assert auc([0, 1], [2, 3]) == 0
    assert auc([1, 1], [1]) == 0.5


@pytest.mark.parametrize(("positives", "negatives"), [([], [1.0]), ([1.0], []), ([np.nan], [1.0])])
def test_auc_refuses_what_it_cannot_rank(positives, negatives):
    with pytest.raises(SettingsError):
        auc(positives, negatives)


def test_ranks_are_counted_from_one_and_shared_by_ties():
    similarity = [[0.9, 0.1, 0.2], [0.9, 0.5, 0.1], [0.4, 0.4, 0.4]]
    assert retrieval_ranks(similarity).tolist() == [1, 2, 2]


def test_ranks_need_a_square_table():
    with pytest.raises(SettingsError, match="square"):
        retrieval_ranks(np.zeros((2, 3)))
