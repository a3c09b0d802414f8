"""Retrieval ranks against counting by hand."""

import numpy as np
import pytest

from bottega.errors import SettingsError
from bottega.evaluation import retrieval_ranks


def test_ranks_are_counted_from_one_and_shared_by_ties():
    similarity = [[0.9, 0.1, 0.2], [0.9, 0.5, 0.1], [0.4, 0.4, 0.4]]
    assert retrieval_ranks(similarity).tolist() == [1, 2, 2]


def test_ranks_need_a_square_table():
    with pytest.raises(SettingsError, match="square"):
        retrieval_ranks(np.zeros((2, 3)))
