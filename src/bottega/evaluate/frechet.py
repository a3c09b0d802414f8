"""The Fréchet distance between two sets of features: FID, with whichever extractor made them."""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.evaluate.feature_statistics import Features, FeatureStatistics, different_lengths


def frechet_distance(
    features: Features | FeatureStatistics, reference: Features | FeatureStatistics
) -> float:
    """|m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁ C₂)^½) (Heusel et al. 2017, arXiv 1706.08500, equation 6).

    Exact also where there are fewer pictures than dimensions and covariances are singular: with Cᵢ = Aᵢ Aᵢᵀ
    the trace of the root is the sum of the singular values of A₁ᵀ A₂, so no small number is ever added to a
    diagonal and no complex root is cut off, as the usual programs do.

    The estimate is biased upwards, by about a constant over the number of pictures (Bińkowski et al. 2018,
    arXiv 1801.01401): compare only figures of equally large sets, or use :func:`kernel_distance`.

    Args:
        features, reference: rows ``(N, D)`` of one extractor, or their statistics; two pictures or more.

    Returns:
        0 for equal statistics; in the square of the features' unit.

    Raises:
        SettingsError: different extractors, fewer than two pictures, or numbers that are not finite.
    """
    first = features if isinstance(features, FeatureStatistics) else FeatureStatistics.of(features)
    second = reference if isinstance(reference, FeatureStatistics) else FeatureStatistics.of(reference)
    if first.mean.shape != second.mean.shape:
        raise SettingsError(different_lengths(len(first.mean), len(second.mean)))
    return _distance(first.mean, second.mean, _factor(first.covariance), _factor(second.covariance))


def _distance(mean: Tensor, other_mean: Tensor, root: Tensor, other_root: Tensor) -> float:
    """From means and factors A with covariance A Aᵀ."""
    shift = (mean - other_mean).square().sum()
    shared = torch.linalg.svdvals(root.T @ other_root).sum()
    distance = shift + root.square().sum() + other_root.square().sum() - 2 * shared
    # Rounding can leave a little below nothing for equal sets.
    return max(distance.item(), 0.0)


def _factor(covariance: Tensor) -> Tensor:
    """``A (D, r)`` with ``A Aᵀ`` the covariance, of which rounding made some eigenvalues negative."""
    values, vectors = torch.linalg.eigh(covariance)
    kept = values > values[-1].clamp_min(0) * torch.finfo(values.dtype).eps
    return vectors[:, kept] * values[kept].sqrt()
