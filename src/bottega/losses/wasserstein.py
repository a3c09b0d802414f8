"""The 2-Wasserstein distance between Gaussians with the features' means and covariances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bottega.losses.style_term import SILENT, check_target_mass, position_sums, proportions


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


# Directions with less than this part of the strongest one's variance are rounding noise of float32 sums.
NOISE = 1e-6
# Eigenvalues are held above this part of the largest in the gradient, where one divides by their roots.
# It lies below NOISE squared, so that every direction which principal_root keeps is still told apart.
FLOOR = 1e-13


def principal_root(covariance: Tensor) -> Tensor:
    """``root (C, r)`` with ``root @ root.T`` equal to ``covariance (C, C)`` less its noise.

    The r columns are the principal axes times their standard deviations; axes with under 1e-6 of the
    strongest one's variance are left out, which makes what follows faster and well-conditioned.
    """
    values, vectors = _decomposed(covariance)
    kept = (values > 0) & (values > NOISE * values.max())
    return vectors[:, kept] * values[kept].sqrt()


def trace_of_root(covariance: Tensor, root: Tensor) -> Tensor:
    """``tr (rootᵀ covariance root)^½``, which equals ``tr (B^½ covariance B^½)^½`` for ``B = root rootᵀ``.

    Both products have the same eigenvalues apart from zeros, but this one has only as many rows as B has
    rank. Differentiable once, in ``covariance``.

    Args:
        covariance: ``(C, C)``, symmetric positive semi-definite up to rounding; float64.
        root: ``(C, r)`` from :func:`principal_root`.
    """
    trace: Tensor = _TraceOfRoot.apply(covariance, root)  # type: ignore[no-untyped-call]
    return trace


def _decomposed(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues, ascending, and eigenvectors of a symmetric matrix, on one thread.

    A decomposition of this size meets at thousands of barriers. A second thread gains nothing, and where
    another program holds its core each barrier waits for a time slice: 6 ms became 2 s.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    finally:
        torch.set_num_threads(threads)
    return values, vectors


class _TraceOfRoot(torch.autograd.Function):
    """One eigendecomposition serves value and gradient: d tr(M^½) = ½ tr(M^-½ dM)."""

    @staticmethod
    def forward(ctx: Any, covariance: Tensor, root: Tensor) -> Tensor:
        values, vectors = _decomposed(root.T @ covariance @ root)
        roots = values.clamp_min(0).sqrt()
        if values.numel():
            # Where the picture is one flat colour all values are 0: the target's own scale holds them up.
            scale = float(values[-1].clamp_min(root.square().sum(0).max() ** 2))
            held = values.clamp_min(scale * FLOOR + torch.finfo(values.dtype).tiny)
            ctx.save_for_backward(root @ (vectors * held.pow(-0.25)))
        else:
            ctx.save_for_backward(root)
        return roots.sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (factor,) = ctx.saved_tensors
        return gradient * 0.5 * factor @ factor.T, None
