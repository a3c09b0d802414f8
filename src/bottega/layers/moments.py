"""Mean and deviation of every channel: sums that add up over tiles, and features moved to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError

VARIANCE_FLOOR = 1e-5
"""Added to every variance, so that a flat channel divides by no zero."""


@dataclass(frozen=True)
class ChannelMoments:
    """Sums over positions; pieces of one picture add up, and styles mix in proportion (see :func:`mixed`).

    Attributes:
        mass: ``(N, 1)``, the sum of the positions' weights.
        first: ``(N, C)``, weighted sum of the features.
        second: ``(N, C)``, weighted sum of their squares.
    """

    mass: Tensor
    first: Tensor
    second: Tensor

    def __add__(self, other: ChannelMoments) -> ChannelMoments:
        return ChannelMoments(self.mass + other.mass, self.first + other.first, self.second + other.second)

    def double(self) -> ChannelMoments:
        """In float64, in which many tiles add up without loss."""
        return ChannelMoments(self.mass.double(), self.first.double(), self.second.double())

    def float(self) -> ChannelMoments:
        """Per unit of mass and in float32; means and deviations stay what they are."""
        mass = self.mass.clamp_min(torch.finfo(torch.float32).tiny)
        first, second = (self.first / mass).float(), (self.second / mass).float()
        return ChannelMoments(torch.ones_like(first[:, :1]), first, second)

    @property
    def mean(self) -> Tensor:
        """``(N, C)``."""
        return self.first / self.mass

    @property
    def deviation(self) -> Tensor:
        """``(N, C)``, of the population; never below the root of :data:`VARIANCE_FLOOR`."""
        variance = self.second / self.mass - self.mean.square()
        return (variance.clamp_min(0) + VARIANCE_FLOOR).sqrt()


def channel_moments(features: Tensor, mask: Tensor | None = None) -> ChannelMoments:
    """Sums over the positions of ``features (N, C, h, w)``, in float32 (float64 for float64).

    Args:
        mask: ``(N or 1, 1, h, w)``, the positions' weights; none weighs all by one.

    Raises:
        PictureError: the mask has another size than the features.
    """
    wide = features if features.dtype == torch.float64 else features.float()
    if mask is None:
        count = float(features.shape[-2] * features.shape[-1])
        mass = wide.new_full((len(wide), 1), count)
        return ChannelMoments(mass, wide.sum((2, 3)), wide.square().sum((2, 3)))
    if mask.shape[-2:] != features.shape[-2:] or mask.shape[1] != 1:
        raise PictureError(
            f"A mask for features of {features.shape[-1]} × {features.shape[-2]} must have the shape "
            f"(1, 1, {features.shape[-2]}, {features.shape[-1]}), not {tuple(mask.shape)}."
        )
    weights = mask.to(wide).expand(len(wide), -1, -1, -1)
    weighted = wide * weights
    return ChannelMoments(weights.sum((2, 3)), weighted.sum((2, 3)), (weighted * wide).sum((2, 3)))


def mixed(moments: Sequence[ChannelMoments], shares: Sequence[float]) -> ChannelMoments:
    """Several styles as one: means and second moments mix, and the deviations follow.

    Args:
        shares: one for each, adding up to one (:func:`mixing_shares`).
    """
    parts = [share * _unit(each) for share, each in zip(shares, moments, strict=True)]
    first, second = torch.stack(parts).sum(0)
    return ChannelMoments(torch.ones_like(first[:, :1]), first, second)


def mixing_shares(count: int, weights: Sequence[float] | None) -> list[float]:
    """``weights`` scaled to the sum one; none weighs all alike.

    Raises:
        SettingsError: not one weight per style, a negative one, or none above zero.
    """
    given = [1.0] * count if weights is None else [float(weight) for weight in weights]
    total = sum(given)
    if len(given) != count or count == 0:
        raise SettingsError(f"{count} styles need {count} weights (at least one), not {len(given)}.")
    if not min(given) >= 0 or not 0 < total < float("inf"):
        raise SettingsError(f"Style weights must be zero or more, and not all zero: {given}.")
    return [weight / total for weight in given]


def renormalise(features: Tensor, own: ChannelMoments, goal: ChannelMoments) -> Tensor:
    """Features with the means and deviations of ``goal`` in place of their own.

    Adaptive instance normalisation (Huang and Belongie 2017, equation 8).
    """
    gain = goal.deviation / own.deviation
    shift = goal.mean - gain * own.mean
    return features * gain[:, :, None, None].to(features) + shift[:, :, None, None].to(features)


def _unit(moments: ChannelMoments) -> Tensor:
    return torch.stack([moments.first / moments.mass, moments.second / moments.mass])
