"""Sets of features as manifolds of balls: precision, recall, density, coverage; and who is whose nearest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bottega.errors import SettingsError
from bottega.evaluate.metrics.bootstrap import Interval, bootstrap_interval
from bottega.evaluate.metrics.features import Features, as_rows, both_as_rows

NEIGHBOURS = 3
BLOCK = 1024


@dataclass(frozen=True)
class PrecisionRecall:
    """Four shares with intervals.

    Attributes:
        precision: of the pictures that look as if they belonged to the reference.
        recall: of the reference that the pictures could have shown.
        density: as precision, but counts in how many balls a picture lies, so that one outlier of the
            reference with its large ball spoils little; 1 for two samples of one distribution, may be more.
        coverage: as recall, but of the reference's pictures that have one of ours among their neighbours.
    """

    precision: Interval
    recall: Interval
    density: Interval
    coverage: Interval


@dataclass(frozen=True)
class Novelty:
    """How far each picture is from everything that was learned from.

    Attributes:
        nearest: number of the nearest picture of the reference, ``(N,)``.
        ratios: distance to it over the median distance between nearest pictures of the reference, ``(N,)``:
            0 a copy, 1 as new as the reference's pictures are to each other.
    """

    nearest: NDArray[np.intp]
    ratios: NDArray[np.float64]


def precision_recall(
    features: Features,
    reference: Features,
    *,
    neighbours: int = NEIGHBOURS,
    resamples: int = 2000,
    seed: int = 0,
) -> PrecisionRecall:
    """Precision and recall of Kynkäänniemi et al. 2019 (arXiv 1904.06991, equations 1 and 2), density and
    coverage of Naeem et al. 2020 (arXiv 2002.09797, equations 4 and 6).

    Each picture of a set has a ball that reaches to its ``neighbours``-th nearest of the same set; the balls
    together are where the set's distribution is taken to be. The intervals are over the pictures that are
    judged, with the balls as they are.

    Args:
        features, reference: rows ``(N, D)`` of one extractor, more than ``neighbours`` in each.

    Raises:
        SettingsError: too few pictures, different extractors, or numbers that are not finite.
    """
    rows, others = both_as_rows(features, reference)
    row_radii, other_radii = radii(rows, neighbours), radii(others, neighbours)
    inside = torch.zeros(len(rows))
    covered = torch.zeros(len(others), dtype=torch.bool)
    reached = torch.zeros(len(others), dtype=torch.bool)
    for part in _blocks(len(rows)):
        apart = torch.cdist(rows[part], others)
        in_theirs = apart <= other_radii
        inside[part] = in_theirs.sum(dim=1).float()
        covered |= in_theirs.any(dim=0)
        reached |= (apart <= row_radii[part, None]).any(dim=0)

    def share(values: Tensor) -> Interval:
        return bootstrap_interval(values.double().numpy(), resamples=resamples, seed=seed)

    return PrecisionRecall(share(inside > 0), share(reached), share(inside / neighbours), share(covered))


def novelty(features: Features, reference: Features) -> Novelty:
    """The nearest picture of the reference to each, and how near it is.

    Args:
        features, reference: rows ``(N, D)`` of one extractor; two or more in the reference.

    Raises:
        SettingsError: too few pictures, different extractors, numbers that are not finite, or a reference in
            which most pictures are there twice.
    """
    rows, others = both_as_rows(features, reference)
    usual = radii(others, 1).median()
    if usual == 0:
        raise SettingsError("Most pictures of the reference are there twice, so nothing tells what is near.")
    found = [torch.cdist(rows[part], others).min(dim=1) for part in _blocks(len(rows))]
    ratios = torch.cat([part.values for part in found]) / usual
    return Novelty(torch.cat([part.indices for part in found]).numpy(), ratios.numpy())


def radii(features: Features, neighbours: int) -> Tensor:
    """Distance of each row to its ``neighbours``-th nearest of the other rows, ``(N,)``.

    Raises:
        SettingsError: there are not more rows than ``neighbours``.
    """
    rows = as_rows(features)
    if not 1 <= neighbours < len(rows):
        raise SettingsError(
            f"{neighbours} nearest neighbours need {neighbours + 1} pictures or more; there are {len(rows)}."
        )
    found = []
    for part in _blocks(len(rows)):
        apart = torch.cdist(rows[part], rows)
        own = torch.arange(part.start, part.stop)
        apart[own - part.start, own] = torch.inf
        found.append(apart.kthvalue(neighbours, dim=1).values)
    return torch.cat(found)


def _blocks(size: int) -> Iterator[slice]:
    return (slice(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK))
