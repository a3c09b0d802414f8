"""The sliced Wasserstein distance: whole distributions of features, compared along many directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.layers import normalize_weights
from bottega.layers.moments import check_mask, upcast
from bottega.losses.style_term import MIN_POWER, check_single_picture, check_style_mass

GOLDEN_RATIO = 0.6180339887498949


@dataclass(frozen=True)
class ProjectionStats:
    """Features of sampled positions, projected on fixed directions, with each position's weight."""

    values: Tensor  # (directions, positions)
    weights: Tensor  # (positions,)
    rows: Tensor  # (directions,): which of the term's directions these are

    def tensors(self) -> tuple[Tensor, ...]:
        return (self.values,)

    def with_tensors(self, tensors: Sequence[Tensor]) -> ProjectionStats:
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
    independent ones; each iteration uses the next few of them. Targets are quantile functions, so that
    pictures of different size, masks and several styles (mixed as the Wasserstein barycenter of every
    direction) compare. Of large layers each iteration samples ``samples`` other positions. The distance is
    divided by the target's mean square.

    Attributes:
        directions: total number; 0 is the number of channels, but at least 64.
        directions_per_step: how many of them one iteration uses.
        samples: maximum of sampled positions per picture or tile.
        seed: of the directions; the same for target and statistics.
        step: the iteration; ``None`` (for targets and measures) uses all directions.
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

    def measure(self, features: Tensor, mask: Tensor | None = None) -> ProjectionStats:
        check_single_picture(features)
        columns = upcast(features)[0].flatten(1)
        weights = None if mask is None else check_mask(mask, features).to(columns.dtype).flatten()
        positions = self._sample_positions(columns.shape[1], weights)
        columns = columns if positions is None else columns[:, positions.to(columns.device)]
        if weights is None:
            weights = columns.new_ones(columns.shape[1])
        elif positions is not None:
            weights = weights[positions]
        frame = _unit_directions(len(columns), self.directions, self.seed).to(columns)
        rows = self._rows(len(frame)).to(columns.device)
        return ProjectionStats(frame[rows] @ columns, weights, rows)

    def merge(self, stats: Sequence[ProjectionStats]) -> ProjectionStats:
        values = torch.cat([part.values for part in stats], 1)
        return ProjectionStats(values, torch.cat([part.weights for part in stats]), stats[0].rows)

    def mix(self, stats: Sequence[ProjectionStats], weights: Sequence[float]) -> QuantileTarget:
        shares = normalize_weights(weights, len(stats))
        for part in stats:
            check_style_mass(part.weights.sum())
        levels = max(part.weights.numel() for part in stats)
        pairs = list(zip(shares, stats, strict=True))
        quantiles = torch.stack([share * _quantiles(part, levels) for share, part in pairs]).sum(0).detach()
        return QuantileTarget(quantiles, quantiles.square().mean().clamp_min(MIN_POWER))

    def distance(self, stats: ProjectionStats, target: QuantileTarget) -> Tensor:
        values, order = stats.values.sort(dim=1)
        weights = stats.weights[order]
        expected = _interpolate_quantiles(target.quantiles[stats.rows], _ranks(weights))
        squares = (weights * (values - expected).square()).sum() / stats.weights.sum()
        return squares / len(values) / target.power

    def _rows(self, count: int) -> Tensor:
        """Indices of the directions of this step; successive steps cycle through all of them."""
        if self.step is None or count <= self.directions_per_step:
            return torch.arange(count)
        return (torch.arange(self.directions_per_step) + self.step * self.directions_per_step) % count

    def _sample_positions(self, count: int, weights: Tensor | None) -> Tensor | None:
        """Indices of the sampled positions, spread evenly over the mask; ``None`` for all.

        Row by row, the positions inside the mask are split into ``samples`` equal intervals with one sample
        in each, at an offset that advances by the golden ratio from interval to interval and step to step.
        """
        inside = None if weights is None else weights.nonzero().flatten()
        count = count if inside is None else inside.numel()
        if count <= self.samples:
            return inside
        intervals = torch.arange(self.samples, dtype=torch.float64)
        offsets = (intervals * GOLDEN_RATIO + (self.step or 0) * GOLDEN_RATIO**2) % 1
        positions = ((intervals + offsets) * (count / self.samples)).long().clamp_max(count - 1)
        return positions if inside is None else inside[positions.to(inside.device)]


@lru_cache(maxsize=32)
def _unit_directions(channels: int, count: int, seed: int) -> Tensor:
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


def _interpolate_quantiles(quantiles: Tensor, ranks: Tensor) -> Tensor:
    """The quantile functions ``(directions, levels)`` at ``ranks (directions, positions)``."""
    levels = quantiles.shape[1]
    indices = (ranks * levels - 0.5).clamp(0, levels - 1)
    below = indices.floor()
    index = below.long()
    low = quantiles.gather(1, index)
    high = quantiles.gather(1, (index + 1).clamp_max(levels - 1))
    return torch.lerp(low, high, indices - below)


def _quantiles(stats: ProjectionStats, levels: int) -> Tensor:
    """The quantile functions of weighted samples at the levels (j + ½) / levels, linear between samples."""
    values, order = stats.values.sort(dim=1)
    ranks = _ranks(stats.weights[order])
    targets = (torch.arange(levels, device=ranks.device, dtype=ranks.dtype) + 0.5) / levels
    targets = targets.repeat(len(values), 1)
    above = torch.searchsorted(ranks, targets).clamp(1, max(values.shape[1] - 1, 1))
    if values.shape[1] == 1:
        return values.expand(-1, levels)
    low, high = ranks.gather(1, above - 1), ranks.gather(1, above)
    share = ((targets - low) / (high - low).clamp_min(torch.finfo(ranks.dtype).tiny)).clamp(0, 1)
    return torch.lerp(values.gather(1, above - 1), values.gather(1, above), share)
