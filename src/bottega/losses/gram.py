"""The Gram matrix of features, the first style loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.layers import normalize_weights
from bottega.losses.style_term import MIN_POWER, SummedStats, SummedTerm, check_style_mass, position_sums


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
