"""Mean and covariance of features, gathered batch by batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bottega.errors import SettingsError

Features = Tensor | NDArray[np.floating]


@dataclass(frozen=True)
class FeatureStatistics:
    """How many features there were, their mean ``(D,)`` and their covariance ``(D, D)``; float64.

    Statistics of parts add up to those of the whole, so sets of any size can be measured in little memory.

    Attributes:
        scatter: sum of the outer products of what is left after the mean, ``(D, D)``.
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
        apart = rows - mean
        return FeatureStatistics(len(rows), mean, apart.T @ apart)

    def __add__(self, other: FeatureStatistics) -> FeatureStatistics:
        """Both sets together (Chan, Golub & LeVeque 1983, equation 2.1)."""
        if self.mean.shape != other.mean.shape:
            raise SettingsError(different_lengths(len(self.mean), len(other.mean)))
        count = self.count + other.count
        shift = other.mean - self.mean
        between = torch.outer(shift, shift) * (self.count * other.count / count)
        return FeatureStatistics(
            count, self.mean + shift * (other.count / count), self.scatter + other.scatter + between
        )

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance.

        Raises:
            SettingsError: fewer than two features.
        """
        if self.count < 2:
            raise SettingsError(f"A covariance needs two pictures or more; there is {self.count}.")
        return self.scatter / (self.count - 1)


def as_rows(features: Features) -> Tensor:
    """Features as float64 rows on the processor.

    Raises:
        SettingsError: no rows, another shape, or a number that is not finite.
    """
    rows = torch.as_tensor(features).detach().to("cpu", torch.float64)
    if rows.ndim != 2 or 0 in rows.shape:
        raise SettingsError(
            f"Features are one row per picture, (pictures, dimensions); these are {tuple(rows.shape)}."
        )
    if not torch.isfinite(rows).all():
        raise SettingsError("Some features are not finite numbers; look for broken pictures in the set.")
    return rows


def both_as_rows(features: Features, reference: Features) -> tuple[Tensor, Tensor]:
    """Two sets of features that can be compared.

    Raises:
        SettingsError: as :func:`as_rows`, or the rows are of different length.
    """
    rows, others = as_rows(features), as_rows(reference)
    if rows.shape[1] != others.shape[1]:
        raise SettingsError(different_lengths(rows.shape[1], others.shape[1]))
    return rows, others


def different_lengths(first: int, second: int) -> str:
    """The sentence for features of two extractors."""
    return f"Features of one extractor can be compared; these have {first} and {second} dimensions."
