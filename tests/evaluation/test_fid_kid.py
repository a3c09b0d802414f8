"""FID and KID against scipy's matrix root and the formulas written out, given the same features."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from bottega.errors import SettingsError
from bottega.evaluation import FeatureStatistics, fid, frechet_distance, kernel_distance, kid


def two_sets(n=60, m=45, dimensions=8, shift=0.3, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(dimensions, dimensions))
    return rng.normal(size=(n, dimensions)) @ mixing, rng.normal(size=(m, dimensions)) * 1.5 + shift


def frechet_by_matrix_root(x, y):
    """Heusel et al.: numpy's mean and covariance, scipy's root of the product."""
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = sqrtm(a @ b)
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * root.real)


def kernel_distance_by_pairs(x, y):
    """The unbiased estimate, one pair of pictures at a time."""

    def kernel(a, b):
        return (a @ b / len(a) + 1) ** 3

    n, m = len(x), len(y)
    xx = sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    yy = sum(kernel(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return xx + yy - 2 * sum(kernel(a, b) for a in x for b in y) / (n * m)


def test_frechet_equals_scipys_matrix_root():
    x, y = two_sets()
    assert frechet_distance(x, y) == pytest.approx(frechet_by_matrix_root(x, y), rel=1e-9)


def test_frechet_of_one_dimensional_gaussians_is_the_closed_form():
    x = torch.tensor([[-1.0], [1.0]], dtype=torch.float64) / 2**0.5  # mean 0, deviation 1
    y = 3 + 2 * x
    assert frechet_distance(x, y) == pytest.approx(3**2 + (2 - 1) ** 2, abs=1e-12)


def test_frechet_with_fewer_pictures_than_dimensions():
    # The usual program fails here; the limit of a vanishing ridge is what it should give.
    x, y = two_sets(n=6, m=7, dimensions=20)
    a, b = (np.cov(rows, rowvar=False) for rows in (x, y))
    values = np.linalg.eigvals(a @ b).real.clip(0)
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b) - 2 * np.sqrt(values).sum()
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-6)


def test_frechet_is_zero_for_equal_sets_and_symmetric():
    x, y = two_sets(n=20, m=20, dimensions=30)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-10)


def test_statistics_of_parts_add_up():
    x, y = two_sets()
    parts = FeatureStatistics.of(x[:7]) + FeatureStatistics.of(x[7:8]) + FeatureStatistics.of(x[8:])
    assert parts.count == len(x)
    np.testing.assert_allclose(parts.mean, x.mean(0), atol=1e-13)
    np.testing.assert_allclose(parts.covariance, np.cov(x, rowvar=False), atol=1e-12)
    assert frechet_distance(parts, y) == pytest.approx(frechet_distance(x, y), rel=1e-10)


def test_kernel_distance_equals_the_sum_over_pairs():
    x, y = two_sets(n=9, m=6, dimensions=4)
    assert kernel_distance(x, y) == pytest.approx(kernel_distance_by_pairs(x, y), rel=1e-12)


def test_kernel_distance_does_not_depend_on_blocks(monkeypatch):
    x, y = two_sets(n=37, m=23)
    whole = kid(x, y, resamples=20)
    monkeypatch.setattr("bottega.evaluation.metrics.features.BLOCK_ROWS", 10)
    blocks = kid(x, y, resamples=20)
    assert [blocks.estimate, blocks.low, blocks.high] == pytest.approx(
        [whole.estimate, whole.low, whole.high]
    )


def test_kernel_distance_is_unbiased_where_frechet_is_not():
    rng = np.random.default_rng(1)
    draws = [(rng.normal(size=(15, 6)), rng.normal(size=(15, 6))) for _ in range(200)]
    kernels = np.array([kernel_distance(x, y) for x, y in draws])
    assert abs(kernels.mean()) < 3 * kernels.std() / len(kernels) ** 0.5
    assert min(frechet_distance(x, y) for x, y in draws[:20]) > 0.3


def test_interval_of_the_kernel_distance_covers_the_truth():
    """Of sets so far apart that the distance is no matter of chance."""

    def sets(rng, n):
        return rng.normal(size=(n, 3)), rng.normal(size=(n, 3)) + 0.7

    truth = kernel_distance(*sets(np.random.default_rng(9), 8000))
    covered = 0
    for seed in range(60):
        interval = kid(*sets(np.random.default_rng(seed), 40), resamples=200, seed=seed)
        assert interval.low < interval.estimate < interval.high
        covered += interval.low <= truth <= interval.high
    assert 50 <= covered <= 60


def test_interval_of_equal_seeds_is_equal():
    x, y = two_sets()
    assert kid(x, y, resamples=50) == kid(x, y, resamples=50)
    assert kid(x, y, resamples=50) != kid(x, y, resamples=50, seed=1)


@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance, kid])
def test_incomparable_sets_are_refused(measure):
    x, _ = two_sets()
    with pytest.raises(SettingsError, match="8 and 7 dimensions"):
        measure(x, x[:, :7])
    with pytest.raises(SettingsError, match="two pictures"):
        measure(x[:1], x)
    with pytest.raises(SettingsError, match="not finite"):
        measure(x * np.nan, x)
    with pytest.raises(SettingsError, match="one row per picture"):
        measure(x[:, 0], x)


def test_corrected_distance_is_the_jackknife_written_out():
    x, y = two_sets(n=20, m=20)
    result = fid(x, y, groups=20)
    # One picture of each set left out at a time, in the order that the seed gives.
    rng = np.random.default_rng(0)
    order = [rng.permutation(20) for _ in range(2)]
    whole = frechet_by_matrix_root(x, y)
    assert result.raw == pytest.approx(whole, rel=1e-7)
    tens = fid(x, y, groups=10)
    without = []
    for group in range(10):
        a, b = (rows[places % 10 != group] for rows, places in zip((x, y), order, strict=True))
        without.append(frechet_by_matrix_root(a, b))
    pseudo = 10 * whole - 9 * np.array(without)
    assert tens.corrected.estimate == pytest.approx(pseudo.mean(), rel=1e-6)
    half = 2.2621571628 * pseudo.std(ddof=1) / 10**0.5  # Student's t with 9 degrees of freedom
    assert tens.corrected.high - tens.corrected.estimate == pytest.approx(half, rel=1e-6)
    assert result.pictures == 20


def test_correction_removes_the_bias():
    rng = np.random.default_rng(2)
    estimates = [fid(rng.normal(size=(100, 6)), rng.normal(size=(100, 6)), groups=10) for _ in range(40)]
    raw = np.mean([each.raw for each in estimates])
    corrected = np.mean([each.corrected.estimate for each in estimates])
    assert raw > 0.15
    assert abs(corrected) < 0.15 * raw


def test_interval_of_the_corrected_distance_covers_the_truth():
    # Normal distributions whose means are 1 apart in each of 4 dimensions: the distance is 4.
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(60):
        interval = fid(rng.normal(size=(60, 4)), rng.normal(size=(60, 4)) + 1, groups=10).corrected
        covered += interval.low <= 4 <= interval.high
    assert 52 <= covered <= 60


def test_pictures_of_both_sets_do_not_pass_for_independent_ones():
    x, y = two_sets(n=80, m=60, dimensions=30)
    for corrected in (fid(x, x).corrected, fid(x[::-1].copy(), x).corrected):
        assert [corrected.estimate, corrected.low, corrected.high] == pytest.approx([0, 0, 0], abs=1e-9)
    assert kernel_distance(x[::-1].copy(), x) == pytest.approx(0, abs=1e-12)
    independent = kernel_distance(y[:30], y[30:])
    mixed = kernel_distance(np.concatenate([y[:30], y[30:40]]), y[30:])
    assert abs(mixed) < 3 * abs(independent) + 0.1


def test_correction_needs_four_pictures():
    x, y = two_sets()
    assert fid(x[:5], y[:4]).corrected.low < fid(x[:5], y[:4]).corrected.high
    with pytest.raises(SettingsError, match="four pictures"):
        fid(x[:3], y)
