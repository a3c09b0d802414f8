"""Nearest neighbors in feature space: precision, recall, density, coverage, and novelty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bottega.errors import SettingsError
from bottega.evaluation.metrics.bootstrap import Interval, bootstrap_interval
from bottega.evaluation.metrics.features import Features, as_rows, both_as_rows, distinct_rows, row_blocks

NEIGHBORS = 3


@dataclass(frozen=True)
class PrecisionRecall:
    """Four shares with intervals.

    Attributes:
        precision: share of pictures inside the reference's distribution.
        recall: share of the reference inside the pictures' distribution.
        density: as precision, but counts in how many balls a picture lies, so that one outlier of the
            reference with its large ball has little effect; 1 for two samples of one distribution, may be
            more.
        coverage: share of the reference with a picture among its nearest neighbors.
    """

    precision: Interval
    recall: Interval
    density: Interval
    coverage: Interval


@dataclass(frozen=True)
class Novelty:
    """How far each picture is from the reference.

    Attributes:
        nearest: index of the nearest reference picture, ``(N,)``.
        ratios: distance to it over the median distance between nearest different reference pictures,
            ``(N,)``: 0 a copy, 1 as new as the reference's pictures are to each other.
    """

    nearest: NDArray[np.intp]
    ratios: NDArray[np.float64]


def precision_recall(
    features: Features,
    reference: Features,
    *,
    neighbors: int = NEIGHBORS,
    resamples: int = 2000,
    seed: int = 0,
) -> PrecisionRecall:
    """Precision and recall of Kynkäänniemi et al. 2019 (arXiv 1904.06991, equations 1 and 2), density and
    coverage of Naeem et al. 2020 (arXiv 2002.09797, equations 4 and 6).

    Each picture has a ball that reaches to its ``neighbors``-th nearest of the same set; the union of the
    balls stands for the set's distribution. Intervals are over pictures, with the balls fixed.

    Args:
        features: rows ``(N, D)`` of one extractor, more than ``neighbors`` in each.
        reference: likewise.

    Raises:
        SettingsError: too few pictures, different extractors, or numbers that are not finite.
    """
    rows, others = both_as_rows(features, reference)
    row_radii, other_radii = neighbor_distances(rows, neighbors), neighbor_distances(others, neighbors)
    balls_around = torch.zeros(len(rows))
    covered = torch.zeros(len(others), dtype=torch.bool)
    recalled = torch.zeros(len(others), dtype=torch.bool)
    for block in row_blocks(len(rows)):
        distances = torch.cdist(rows[block], others)
        in_reference_balls = distances <= other_radii
        balls_around[block] = in_reference_balls.sum(dim=1).float()
        covered |= in_reference_balls.any(dim=0)
        recalled |= (distances <= row_radii[block, None]).any(dim=0)

    def share(values: Tensor) -> Interval:
        return bootstrap_interval(values.double().numpy(), resamples=resamples, seed=seed)

    return PrecisionRecall(
        share(balls_around > 0), share(recalled), share(balls_around / neighbors), share(covered)
    )


def novelty(features: Features, reference: Features) -> Novelty:
    """The nearest reference picture to each picture, and its relative distance.

    Args:
        features: rows ``(N, D)`` of one extractor; two or more in the reference.
        reference: likewise.

    Raises:
        SettingsError: too few pictures, different extractors, numbers that are not finite, or a reference
            whose pictures are all the same.
    """
    rows, others = both_as_rows(features, reference)
    different = others[distinct_rows(others)]
    if len(different) < 2:
        raise SettingsError("All pictures of the reference are the same, so novelty has no unit of distance.")
    median_distance = neighbor_distances(different, 1).median()
    nearest = [torch.cdist(rows[block], others).min(dim=1) for block in row_blocks(len(rows))]
    ratios = torch.cat([block.values for block in nearest]) / median_distance
    return Novelty(torch.cat([block.indices for block in nearest]).numpy(), ratios.numpy())


def neighbor_distances(features: Features, neighbors: int) -> Tensor:
    """Distance of each row to its ``neighbors``-th nearest other row, ``(N,)``.

    Raises:
        SettingsError: there are not more rows than ``neighbors``.
    """
    rows = as_rows(features)
    if not 1 <= neighbors < len(rows):
        raise SettingsError(
            f"{neighbors} nearest neighbors need {neighbors + 1} pictures or more; there are {len(rows)}."
        )
    radii = []
    for block in row_blocks(len(rows)):
        distances = torch.cdist(rows[block], rows)
        diagonal = torch.arange(block.start, block.stop)
        distances[diagonal - block.start, diagonal] = torch.inf
        radii.append(distances.kthvalue(neighbors, dim=1).values)
    return torch.cat(radii)
