"""Style terms of first and second moments: the Gram matrix, and the Wasserstein distance of Gaussians."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bottega.layers import normalize_weights
from bottega.losses.style_term import MIN_POWER, SummedStats, SummedTerm, check_style_mass, position_sums

# Directions with less than this part of the strongest one's variance are rounding noise of float32 sums.
MIN_RELATIVE_VARIANCE = 1e-6
# The gradient divides by roots of eigenvalues, which are at least this part of the largest. It lies below
# MIN_RELATIVE_VARIANCE squared, so that every direction that covariance_root keeps stays distinct.
MIN_RELATIVE_EIGENVALUE = 1e-13


@dataclass(frozen=True)
class GramStats(SummedStats):
    """Sums over positions: of the weights, and of the features' outer products."""

    second: Tensor  # (C, C)


class Gram(SummedTerm):
    """Squared distance between Gram matrices (Gatys, Ecker and Bethge 2016, equations 3 to 5).

    The paper divides by 4 C² (positions)². Here each matrix is divided by its own mass, so that pictures of
    different size and masked parts compare, and the distance by the squared norm of the target's matrix, so
    that one weight suits all layers and encoders. Per layer and target this is the paper's loss times a
    constant, where both pictures have the same size.
    """

    def measure(self, features: Tensor, mask: Tensor | None = None) -> GramStats:
        mass, _, second = position_sums(features, mask)
        return GramStats(mass, second)

    def mix(self, stats: Sequence[GramStats], weights: Sequence[float]) -> Tensor:
        """The mixture's second moment per unit of mass, ``(C, C)``."""
        shares = normalize_weights(weights, len(stats))
        for part in stats:
            check_style_mass(part.mass)
        moments = [share * part.second / part.mass for share, part in zip(shares, stats, strict=True)]
        return torch.stack(moments).sum(0).detach()

    def distance(self, stats: GramStats, target: Tensor) -> Tensor:
        norm = target.square().sum().clamp_min((MIN_POWER * len(target)) ** 2)
        return (stats.second / stats.mass - target).square().sum() / norm


@dataclass(frozen=True)
class MomentStats(SummedStats):
    """Sums over positions: of the weights, of the features, of the features' outer products."""

    first: Tensor  # (C,)
    second: Tensor  # (C, C)


@dataclass(frozen=True)
class GaussianTarget:
    """The target of the distance, in float64 on the processor."""

    mean: Tensor  # (C,)
    root: Tensor  # (C, r): root @ root.T is the covariance
    trace: Tensor  # (): trace of the covariance
    power: Tensor  # (): mean square of the features' norm, what distances are divided by


class Wasserstein(SummedTerm):
    """Squared Wasserstein-2 distance of two Gaussians, divided by the target's power.

    ``|m₁ - m₂|² + tr(C₁ + C₂ - 2 (C₂^½ C₁ C₂^½)^½)`` (Olkin and Pukelsheim 1982), divided by
    ``tr C₂ + |m₂|²``. So it does not depend on the encoder's units: features of all zeros are at distance 1,
    and weights are comparable over layers.

    Styles mix as distributions do: their means and second moments mix, and the covariance follows.

    The square roots are taken in float64 on the processor, whatever the features' device: the product of
    two covariances squares their condition, float32 would lose every direction below a thousandth of the
    strongest, and matrices of this size (C ≤ 512) are decomposed there in milliseconds.
    """

    def measure(self, features: Tensor, mask: Tensor | None = None) -> MomentStats:
        return MomentStats(*position_sums(features, mask))

    def mix(self, stats: Sequence[MomentStats], weights: Sequence[float]) -> GaussianTarget:
        shares = normalize_weights(weights, len(stats))
        for part in stats:
            check_style_mass(part.mass)
        normalized = [_mean_and_second(part) for part in stats]
        mean = torch.stack([s * m for s, (m, _) in zip(shares, normalized, strict=True)]).sum(0).detach()
        second = torch.stack([s * m for s, (_, m) in zip(shares, normalized, strict=True)]).sum(0).detach()
        root = covariance_root(second - torch.outer(mean, mean))
        trace = root.square().sum()
        power = (trace + mean.square().sum()).clamp_min(MIN_POWER * len(mean))
        return GaussianTarget(mean, root, trace, power)

    def distance(self, stats: MomentStats, target: GaussianTarget) -> Tensor:
        mean, second = _mean_and_second(stats)
        covariance = second - torch.outer(mean, mean)
        means = (mean - target.mean).square().sum()
        covariances = covariance.trace() + target.trace - 2 * sqrt_trace(covariance, target.root)
        return ((means + covariances) / target.power).to(stats.first)


def _mean_and_second(stats: MomentStats) -> tuple[Tensor, Tensor]:
    """Mean and second moment per unit of mass, in float64 on the processor."""
    mass = stats.mass.cpu().double()
    return stats.first.cpu().double() / mass, stats.second.cpu().double() / mass


def covariance_root(covariance: Tensor) -> Tensor:
    """``root (C, r)`` with ``root @ root.T`` equal to ``covariance (C, C)`` without its noise.

    The r columns are the principal axes times their standard deviations; axes with under 1e-6 of the
    strongest one's variance are left out, which is faster and well-conditioned.
    """
    values, vectors = _eigh(covariance)
    significant = (values > 0) & (values > MIN_RELATIVE_VARIANCE * values.max())
    return vectors[:, significant] * values[significant].sqrt()


def sqrt_trace(covariance: Tensor, root: Tensor) -> Tensor:
    """``tr (rootᵀ covariance root)^½``, which equals ``tr (B^½ covariance B^½)^½`` for ``B = root rootᵀ``.

    Both products have the same eigenvalues apart from zeros, but this one has only as many rows as B has
    rank. Differentiable once, in ``covariance``.

    Args:
        covariance: ``(C, C)``, symmetric positive semi-definite up to rounding; float64.
        root: ``(C, r)`` from :func:`covariance_root`.
    """
    trace: Tensor = _SqrtTrace.apply(covariance, root)  # type: ignore[no-untyped-call]
    return trace


def _eigh(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues, ascending, and eigenvectors of a symmetric matrix, on one thread.

    A decomposition of this size synchronizes threads thousands of times. A second thread gains nothing, and
    where another program uses its core each synchronization waits for a time slice: 6 ms became 2 s.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    finally:
        torch.set_num_threads(threads)
    return values, vectors


class _SqrtTrace(torch.autograd.Function):
    """One eigendecomposition serves value and gradient: d tr(M^½) = ½ tr(M^-½ dM)."""

    @staticmethod
    def forward(ctx: Any, covariance: Tensor, root: Tensor) -> Tensor:
        values, vectors = _eigh(root.T @ covariance @ root)
        roots = values.clamp_min(0).sqrt()
        if values.numel():
            # All values are 0 where the picture is one flat color: the target's scale bounds them.
            scale = float(values[-1].clamp_min(root.square().sum(0).max() ** 2))
            clamped = values.clamp_min(scale * MIN_RELATIVE_EIGENVALUE + torch.finfo(values.dtype).tiny)
            ctx.save_for_backward(root @ (vectors * clamped.pow(-0.25)))
        else:
            ctx.save_for_backward(root)
        return roots.sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (factor,) = ctx.saved_tensors
        return gradient * 0.5 * factor @ factor.T, None
