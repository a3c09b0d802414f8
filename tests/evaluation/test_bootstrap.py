"""Bootstrap intervals: width by theory, groups, seeds, bad input."""

import numpy as np
import pytest
from scipy import stats

from bottega.errors import SettingsError
from bottega.evaluation import bootstrap_interval, bootstrap_intervals


def test_interval_of_a_mean_agrees_with_scipy():
    values = np.random.default_rng(1).normal(3, 2, 200)
    own = bootstrap_interval(values, resamples=4000, seed=2)
    expected = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=3)
    assert own.estimate == pytest.approx(values.mean(), abs=1e-12)
    # Two independent draws of 4000 resamples; the interval is 0.55 wide.
    assert own.low == pytest.approx(expected.confidence_interval.low, abs=0.03)
    assert own.high == pytest.approx(expected.confidence_interval.high, abs=0.03)


def test_groups_are_drawn_whole():
    """Ten copies of each value say no more than one: the interval must not shrink."""
    values = np.random.default_rng(4).normal(0, 1, 30)
    single = bootstrap_interval(values, resamples=3000, seed=1)
    copies = bootstrap_interval(
        np.repeat(values, 10), resamples=3000, seed=1, groups=np.repeat(range(30), 10)
    )
    careless = bootstrap_interval(np.repeat(values, 10), resamples=3000, seed=1)
    assert copies.high - copies.low == pytest.approx(single.high - single.low, rel=1e-9)
    assert careless.high - careless.low < 0.5 * (single.high - single.low)


def test_rows_stay_together_and_labels_may_be_names():
    rows = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    interval = bootstrap_interval(rows, lambda rows: (rows[:, 1] / rows[:, 0]).mean(), groups=["a", "b", "a"])
    assert interval.low == interval.estimate == interval.high == 10


def test_equal_seeds_give_equal_intervals():
    values = np.arange(20.0)
    assert bootstrap_interval(values, seed=7) == bootstrap_interval(values, seed=7)
    assert bootstrap_interval(values, seed=7) != bootstrap_interval(values, seed=8)


def test_resamples_without_a_finite_statistic_are_left_out():
    values = np.array([0.0, 1.0, 1.0])
    interval = bootstrap_interval(values, lambda rows: np.nan if rows.min() == rows.max() else 1.0)
    assert interval.low == interval.high == 1


@pytest.mark.parametrize(
    ("values", "options"),
    [([], {}), ([1.0, 2.0], {"groups": [1]}), ([1.0], {"statistic": lambda rows: np.nan})],
)
def test_bad_input_is_refused(values, options):
    with pytest.raises(SettingsError):
        bootstrap_interval(values, **options)


def test_several_figures_share_their_draws():
    """Each is what it is alone; resamples that are useless for one figure count for the others."""
    values = np.random.default_rng(3).normal(size=(40, 2))
    values[0] = -1
    both = bootstrap_intervals(values, lambda rows: rows.mean(0), resamples=200)
    for column, result in enumerate(both):
        alone = bootstrap_interval(values[:, column], resamples=200)
        assert (result.estimate, result.low, result.high) == pytest.approx(
            (alone.estimate, alone.low, alone.high)
        )
    first = bootstrap_intervals(
        values, lambda rows: [rows[:, 0].mean(), np.nan if rows[0, 0] > 0 else rows[0, 0]], resamples=200
    )
    assert first[0].low == pytest.approx(both[0].low)
    assert first[1].estimate == -1
    assert first[1].high <= 0
