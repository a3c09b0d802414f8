"""The Fréchet distance between two sets of features: FID, with any extractor."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.evaluation.metrics.bootstrap import JACKKNIFE_GROUPS, Interval, jackknife
from bottega.evaluation.metrics.features import (
    Features,
    as_rows,
    both_as_rows,
    check_same_dimensions,
    shared_rows,
)


@dataclass(frozen=True)
class FidEstimate:
    """The Fréchet distance of two samples.

    Attributes:
        raw: as published programs give it; too high, the more so the fewer pictures there are.
        corrected: without the first-order bias, with its interval. May be below 0 for very similar sets.
        pictures: number of pictures in the smaller set.
    """

    raw: float
    corrected: Interval
    pictures: int


@dataclass(frozen=True)
class FeatureStatistics:
    """Count, mean ``(D,)`` and scatter of features, float64; statistics of batches can be added.

    Attributes:
        scatter: sum of the outer products of the deviations from the mean, ``(D, D)``.
    """

    count: int
    mean: Tensor
    scatter: Tensor

    @staticmethod
    def of(features: Features) -> FeatureStatistics:
        """The statistics of rows ``(N, D)``.

        Raises:
            SettingsError: no rows, another shape, or a number that is not finite.
        """
        rows = as_rows(features)
        mean = rows.mean(dim=0)
        deviations = rows - mean
        return FeatureStatistics(len(rows), mean, deviations.T @ deviations)

    def __add__(self, other: FeatureStatistics) -> FeatureStatistics:
        """Both sets together (Chan, Golub & LeVeque 1983, equation 2.1)."""
        check_same_dimensions(len(self.mean), len(other.mean))
        count = self.count + other.count
        shift = other.mean - self.mean
        between = torch.outer(shift, shift) * (self.count * other.count / count)
        return FeatureStatistics(
            count, self.mean + shift * (other.count / count), self.scatter + other.scatter + between
        )

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance ``(D, D)``.

        Raises:
            SettingsError: fewer than two features.
        """
        if self.count < 2:
            raise SettingsError(f"A covariance needs two pictures or more; there is {self.count}.")
        return self.scatter / (self.count - 1)


def frechet_distance(
    features: Features | FeatureStatistics, reference: Features | FeatureStatistics
) -> float:
    """|m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁ C₂)^½) (Heusel et al. 2017, arXiv 1706.08500, equation 6).

    Exact also with fewer pictures than dimensions, where covariances are singular: with Cᵢ = Aᵢ Aᵢᵀ the trace
    of the root is the sum of the singular values of A₁ᵀ A₂, so nothing is added to a diagonal and no complex
    root is cut off, as common programs do.

    The estimate is biased upwards, by about a constant over the number of pictures (Bińkowski et al. 2018,
    arXiv 1801.01401): compare only values of equally large sets, or use :func:`fid` or
    :func:`~bottega.evaluation.kernel_distance`.

    Args:
        features: rows ``(N, D)`` of one extractor, or their statistics; two pictures or more.
        reference: likewise.

    Returns:
        0 for equal statistics; in the square of the features' unit.

    Raises:
        SettingsError: different extractors, fewer than two pictures, or numbers that are not finite.
    """
    first, second = _factorize(features), _factorize(reference)
    check_same_dimensions(len(first[0]), len(second[0]))
    return max(_distance(first, second), 0.0)  # rounding can give slightly less than 0 for equal sets


def fid(
    features: Features, reference: Features, *, groups: int = JACKKNIFE_GROUPS, seed: int = 0
) -> FidEstimate:
    """:func:`frechet_distance` without its first-order bias, and with an interval, by the jackknife.

    It does what extrapolating over subsets does (Chong & Forsyth 2020, arXiv 1911.07023), without their
    random choices. It helps at a hundred pictures already: of two hundred pictures of one set in two halves,
    with 256 dimensions, 110 became 11. With fewer pictures than dimensions some bias remains, as it no longer
    falls as 1/N: prefer the kernel distance. Pictures of both sets are left out of both at once: a set has
    the distance 0 to itself.

    Args:
        features: rows ``(N, D)``.
        reference: likewise.
        groups: number of jackknife groups; fewer are used for small sets.

    Raises:
        SettingsError: as :func:`frechet_distance`, or fewer than four pictures.

    Example:
        >>> fid(extractor(results), extractor(reference)).corrected  # extractor = evaluate.extractor("small")
    """
    rows, others = both_as_rows(features, reference)
    own, other = shared_rows(rows, others)
    estimate = jackknife(
        lambda first, second: _distance(_factorize(rows[first]), _factorize(others[second])),
        (len(rows), len(others)),
        groups=groups,
        seed=seed,
        shared=(own.numpy(), other.numpy()),
    )
    return FidEstimate(max(estimate.raw, 0.0), estimate.corrected, min(len(rows), len(others)))


Factors = tuple[Tensor, Tensor]  # mean (D,) and A (D, r), whose A Aᵀ is the covariance


def _distance(first: Factors, second: Factors) -> float:
    (mean, root), (other_mean, other_root) = first, second
    shift = (mean - other_mean).square().sum()
    shared = torch.linalg.svdvals(root.T @ other_root).sum()
    return (shift + root.square().sum() + other_root.square().sum() - 2 * shared).item()


def _factorize(features: Features | FeatureStatistics) -> Factors:
    if not isinstance(features, FeatureStatistics):
        rows = as_rows(features)
        if 1 < len(rows) <= rows.shape[1]:  # the rows themselves are the narrower factor
            mean = rows.mean(dim=0)
            return mean, (rows - mean).T / (len(rows) - 1) ** 0.5
        features = FeatureStatistics.of(rows)
    values, vectors = torch.linalg.eigh(features.covariance)
    # Rounding makes some eigenvalues of a singular covariance negative.
    positive = values > values[-1].clamp_min(0) * torch.finfo(values.dtype).eps
    return features.mean, vectors[:, positive] * values[positive].sqrt()
