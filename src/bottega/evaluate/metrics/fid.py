"""The Fréchet distance between two sets of features: FID, with whichever extractor made them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.evaluate.metrics.bootstrap import Interval
from bottega.evaluate.metrics.features import (
    Features,
    FeatureStatistics,
    as_rows,
    both_as_rows,
    different_lengths,
)
from bottega.evaluate.metrics.jackknife import GROUPS, jackknife


@dataclass(frozen=True)
class FrechetEstimate:
    """The Fréchet distance of two samples.

    Attributes:
        distance: as published programs give it; too high by more, the fewer pictures there are.
        corrected: without the bias of first order, with its interval. May be below 0 for sets that hardly
            differ.
        pictures: in the smaller set.
    """

    distance: float
    corrected: Interval
    pictures: int


def frechet_distance(
    features: Features | FeatureStatistics, reference: Features | FeatureStatistics
) -> float:
    """|m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁ C₂)^½) (Heusel et al. 2017, arXiv 1706.08500, equation 6).

    Exact also where there are fewer pictures than dimensions and covariances are singular: with Cᵢ = Aᵢ Aᵢᵀ
    the trace of the root is the sum of the singular values of A₁ᵀ A₂, so no small number is ever added to a
    diagonal and no complex root is cut off, as the usual programs do.

    The estimate is biased upwards, by about a constant over the number of pictures (Bińkowski et al. 2018,
    arXiv 1801.01401): compare only figures of equally large sets, or use :func:`fid` or
    :func:`~bottega.evaluate.metrics.kid.kernel_distance`.

    Args:
        features, reference: rows ``(N, D)`` of one extractor, or their statistics; two pictures or more.

    Returns:
        0 for equal statistics; in the square of the features' unit.

    Raises:
        SettingsError: different extractors, fewer than two pictures, or numbers that are not finite.
    """
    first, second = _factored(features), _factored(reference)
    if first[0].shape != second[0].shape:
        raise SettingsError(different_lengths(len(first[0]), len(second[0])))
    return max(_distance(first, second), 0.0)  # rounding can leave a little below nothing for equal sets


def fid(
    features: Features, reference: Features, *, groups: int = GROUPS, seed: int = 0, confidence: float = 0.95
) -> FrechetEstimate:
    """:func:`frechet_distance` with its bias of first order taken off, and an interval.

    Both by the grouped jackknife, which does what extrapolating over subsets does
    (Chong & Forsyth 2020, arXiv 1911.07023), without their random choices. It helps at a hundred pictures
    already: of two hundred pictures of one set in two halves, with 256 dimensions, 110 became 11. But with
    fewer pictures than dimensions some bias is left, as it no longer falls as 1/N: prefer the kernel
    distance.

    Args:
        features, reference: rows ``(N, D)``, two per group or more (fewer groups are made of small sets).
        groups: parts that are left out in turn.

    Raises:
        SettingsError: as :func:`frechet_distance`, or fewer than four pictures.
    """
    rows, others = both_as_rows(features, reference)
    found = jackknife(
        lambda ours, theirs: _distance(_factored(rows[ours]), _factored(others[theirs])),
        (len(rows), len(others)),
        groups=groups,
        seed=seed,
        confidence=confidence,
    )
    return FrechetEstimate(max(found.figure, 0.0), found.corrected, min(len(rows), len(others)))


Factored = tuple[Tensor, Tensor]  # mean (D,) and A (D, r), whose A Aᵀ is the covariance


def _distance(first: Factored, second: Factored) -> float:
    (mean, root), (other_mean, other_root) = first, second
    shift = (mean - other_mean).square().sum()
    shared = torch.linalg.svdvals(root.T @ other_root).sum()
    return (shift + root.square().sum() + other_root.square().sum() - 2 * shared).item()


def _factored(features: Features | FeatureStatistics) -> Factored:
    if not isinstance(features, FeatureStatistics):
        rows = as_rows(features)
        if 1 < len(rows) <= rows.shape[1]:  # the rows themselves are the narrower factor
            mean = rows.mean(dim=0)
            return mean, (rows - mean).T / (len(rows) - 1) ** 0.5
        features = FeatureStatistics.of(rows)
    values, vectors = torch.linalg.eigh(features.covariance)
    # Rounding made some eigenvalues of a singular covariance negative.
    kept = values > values[-1].clamp_min(0) * torch.finfo(values.dtype).eps
    return features.mean, vectors[:, kept] * values[kept].sqrt()
