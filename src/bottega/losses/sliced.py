"""The sliced Wasserstein distance: whole distributions of features, compared along many directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.losses.style_term import SILENT, check_target_mass, columns_of, proportions

GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Projections:
    """Features of sampled positions, projected on fixed directions, with each position's weight."""

    values: Tensor  # (directions, positions)
    weights: Tensor  # (positions,)
    rows: Tensor  # (directions,): which of the term's directions these are

    def tensors(self) -> tuple[Tensor, ...]:
        return (self.values,)

    def with_tensors(self, tensors: Sequence[Tensor]) -> Projections:
        (values,) = tensors
        return replace(self, values=values)


@dataclass(frozen=True)
class QuantileTarget:
    """One quantile function per direction, at the levels (j + ½) / levels."""

    quantiles: Tensor  # (directions, levels), ascending along each row
    power: Tensor  # (): mean square of the quantiles, what distances are divided by


@dataclass(frozen=True)
class SlicedWasserstein:
    """Mean squared Wasserstein-2 distance of the features' projections (Heitz et al. 2021, equation 6).

    Along one direction the optimal transport is known: the i-th smallest value goes to the target's i-th
    smallest. We differ from the paper in four ways. The directions stay the same through a run, so that the
    target is sorted once, and they come as orthonormal frames, which cover the space more evenly than
    independent ones; an iteration looks at the next few of them. Targets are quantile functions, so that
    pictures of different size, masks and several styles (mixed as the Wasserstein barycentre of every
    direction) compare. Of large layers only ``samples`` positions are looked at, other ones at every
    iteration, so that no pixel is left out for long. The distance is divided by the target's mean square.

    Attributes:
        directions: how many in all; 0 takes as many as the features have channels, but at least 64.
        directions_per_step: how many of them one iteration looks at.
        samples: most positions looked at per picture (or per tile: several tiles' samples are all kept).
        seed: of the directions. Target and statistics must come from the same one.
        step: the iteration; none is for targets and for measuring: all directions.
    """

    directions: int = 0
    directions_per_step: int = 64
    samples: int = 4096
    seed: int = 0
    step: int | None = None

    def __post_init__(self) -> None:
        if self.directions < 0 or self.directions_per_step < 1 or self.samples < 1:
            raise SettingsError(
                "The sliced Wasserstein term needs at least one direction per step and one sample, not "
                f"{self.directions_per_step} and {self.samples}, and no fewer than 0 directions, not "
                f"{self.directions}."
            )

    def at_step(self, step: int) -> SlicedWasserstein:
        return replace(self, step=step)

    def measure(self, features: Tensor, mask: Tensor | None = None) -> Projections:
        columns, weights = columns_of(features, mask)
        chosen = self._positions(columns.shape[1], weights)
        columns = columns if chosen is None else columns[:, chosen.to(columns.device)]
        if weights is None:
            weights = columns.new_ones(columns.shape[1])
        elif chosen is not None:
            weights = weights[chosen]
        frame = _directions(len(columns), self.directions, self.seed).to(columns)
        rows = self._rows(len(frame)).to(columns.device)
        return Projections(frame[rows] @ columns, weights, rows)

    def merge(self, stats: Sequence[Projections]) -> Projections:
        values = torch.cat([part.values for part in stats], 1)
        return Projections(values, torch.cat([part.weights for part in stats]), stats[0].rows)

    def mix(self, stats: Sequence[Projections], weights: Sequence[float]) -> QuantileTarget:
        shares = proportions(len(stats), weights)
        for part in stats:
            check_target_mass(part.weights.sum())
        levels = max(part.weights.numel() for part in stats)
        pairs = list(zip(shares, stats, strict=True))
        quantiles = torch.stack([share * _quantiles(part, levels) for share, part in pairs]).sum(0).detach()
        return QuantileTarget(quantiles, quantiles.square().mean().clamp_min(SILENT))

    def distance(self, stats: Projections, target: QuantileTarget) -> Tensor:
        values, order = stats.values.sort(dim=1)
        weights = stats.weights[order]
        wanted = _interpolated(target.quantiles[stats.rows], _ranks(weights))
        squares = (weights * (values - wanted).square()).sum() / stats.weights.sum()
        return squares / len(values) / target.power

    def _rows(self, count: int) -> Tensor:
        """The directions of this step; the steps take turns through all of them."""
        if self.step is None or count <= self.directions_per_step:
            return torch.arange(count)
        return (torch.arange(self.directions_per_step) + self.step * self.directions_per_step) % count

    def _positions(self, count: int, weights: Tensor | None) -> Tensor | None:
        """Indices of the positions to look at, or none for all; they are spread evenly over the mask.

        Row by row, the positions inside the mask are cut into ``samples`` equal pieces, and one is taken
        from each, at a place that wanders by the golden ratio from piece to piece and from step to step.
        """
        inside = None if weights is None else weights.nonzero().flatten()
        count = count if inside is None else inside.numel()
        if count <= self.samples:
            return inside
        pieces = torch.arange(self.samples, dtype=torch.float64)
        places = (pieces * GOLDEN + (self.step or 0) * GOLDEN**2) % 1
        chosen = ((pieces + places) * (count / self.samples)).long().clamp_max(count - 1)
        return chosen if inside is None else inside[chosen.to(inside.device)]


@lru_cache(maxsize=32)
def _directions(channels: int, count: int, seed: int) -> Tensor:
    """Unit vectors ``(count, channels)``, every ``channels`` of them an orthonormal frame."""
    count = count or max(channels, 64)
    generator = torch.Generator().manual_seed(seed)
    frames = []
    for _ in range(-(-count // channels)):
        frame, triangle = torch.linalg.qr(
            torch.randn(channels, channels, generator=generator, dtype=torch.float64)
        )
        # Without the signs, frames would not be uniformly distributed over all rotations.
        frames.append((frame * triangle.diagonal().sign()).T)
    return torch.cat(frames)[:count]


def _ranks(weights: Tensor) -> Tensor:
    """Where each sorted value lies in its distribution, in [0, 1]: the middle of its share of the mass."""
    sums = weights.cumsum(-1)
    return (sums - weights / 2) / sums[..., -1:]


def _interpolated(quantiles: Tensor, ranks: Tensor) -> Tensor:
    """The quantile functions ``(directions, levels)`` at ``ranks (directions, positions)``."""
    levels = quantiles.shape[1]
    places = (ranks * levels - 0.5).clamp(0, levels - 1)
    below = places.floor()
    index = below.long()
    low = quantiles.gather(1, index)
    high = quantiles.gather(1, (index + 1).clamp_max(levels - 1))
    return torch.lerp(low, high, places - below)


def _quantiles(stats: Projections, levels: int) -> Tensor:
    """The quantile functions of weighted samples at the levels (j + ½) / levels, linear between samples."""
    values, order = stats.values.sort(dim=1)
    ranks = _ranks(stats.weights[order])
    wanted = (torch.arange(levels, device=ranks.device, dtype=ranks.dtype) + 0.5) / levels
    wanted = wanted.repeat(len(values), 1)
    above = torch.searchsorted(ranks, wanted).clamp(1, max(values.shape[1] - 1, 1))
    if values.shape[1] == 1:
        return values.expand(-1, levels)
    low, high = ranks.gather(1, above - 1), ranks.gather(1, above)
    share = ((wanted - low) / (high - low).clamp_min(torch.finfo(ranks.dtype).tiny)).clamp(0, 1)
    return torch.lerp(values.gather(1, above - 1), values.gather(1, above), share)
