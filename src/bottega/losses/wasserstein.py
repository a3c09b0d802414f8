"""The 2-Wasserstein distance between Gaussians with the features' means and covariances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from bottega.losses.matrix_root import principal_root, trace_of_root
from bottega.losses.statistics import SILENT, check_target_mass, proportions
from bottega.losses.sums import position_sums


@dataclass(frozen=True)
class Moments:
    """Sums over positions: of the weights, of the features, of the features' outer products."""

    mass: Tensor  # ()
    first: Tensor  # (C,)
    second: Tensor  # (C, C)

    def tensors(self) -> tuple[Tensor, ...]:
        return self.first, self.second

    def with_tensors(self, tensors: Sequence[Tensor]) -> Moments:
        first, second = tensors
        return replace(self, first=first, second=second)


@dataclass(frozen=True)
class GaussianTarget:
    """All that the distance needs of the target, in float64 on the processor."""

    mean: Tensor  # (C,)
    root: Tensor  # (C, r): root @ root.T is the covariance
    trace: Tensor  # (): trace of the covariance
    power: Tensor  # (): mean square of the features' norm, what distances are divided by


@dataclass(frozen=True)
class Wasserstein:
    """Squared Wasserstein-2 distance of two Gaussians, divided by the target's power.

    ``|m₁ - m₂|² + tr(C₁ + C₂ - 2 (C₂^½ C₁ C₂^½)^½)`` (Olkin and Pukelsheim 1982), divided by
    ``tr C₂ + |m₂|²``. So it does not depend on the encoder's units: features of all zeros are at distance 1,
    and weights are comparable over layers.

    Styles mix as distributions do: their means and second moments mix, and the covariance follows.

    The square roots are taken in float64 on the processor, whatever the features' device: the product of
    two covariances squares their condition, float32 would lose every direction below a thousandth of the
    strongest, and matrices of this size (C ≤ 512) are decomposed there in milliseconds.
    """

    def at_step(self, step: int) -> Self:
        return self

    def measure(self, features: Tensor, mask: Tensor | None = None) -> Moments:
        return Moments(*position_sums(features, mask))

    def merge(self, stats: Sequence[Moments]) -> Moments:
        total = stats[0]
        for part in stats[1:]:
            total = Moments(total.mass + part.mass, total.first + part.first, total.second + part.second)
        return total

    def mix(self, stats: Sequence[Moments], weights: Sequence[float]) -> GaussianTarget:
        shares = proportions(len(stats), weights)
        for part in stats:
            check_target_mass(part.mass)
        normalised = [_mean_and_second(part) for part in stats]
        mean = torch.stack([s * m for s, (m, _) in zip(shares, normalised, strict=True)]).sum(0).detach()
        second = torch.stack([s * m for s, (_, m) in zip(shares, normalised, strict=True)]).sum(0).detach()
        root = principal_root(second - torch.outer(mean, mean))
        trace = root.square().sum()
        power = (trace + mean.square().sum()).clamp_min(SILENT * len(mean))
        return GaussianTarget(mean, root, trace, power)

    def distance(self, stats: Moments, target: GaussianTarget) -> Tensor:
        mean, second = _mean_and_second(stats)
        covariance = second - torch.outer(mean, mean)
        means = (mean - target.mean).square().sum()
        covariances = covariance.trace() + target.trace - 2 * trace_of_root(covariance, target.root)
        return ((means + covariances) / target.power).to(stats.first)


def _mean_and_second(stats: Moments) -> tuple[Tensor, Tensor]:
    """Mean and second moment per unit of mass, in float64 on the processor."""
    mass = stats.mass.cpu().double()
    return stats.first.cpu().double() / mass, stats.second.cpu().double() / mass
