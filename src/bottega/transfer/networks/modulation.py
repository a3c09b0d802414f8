"""Moving a trunk's features to a style's statistics, and knowing how far they had to move."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bottega.layers import ChannelMoments

MOST_STRETCH = 1.5
"""Largest logarithm of a gain: no channel is stretched or pressed more than four and a half times at a site.
Through ten sites more would make anything of the noise on a flat wall; trainings did not survive twenty."""

GATE = 0.15
"""Distance of statistics, in units of their own size, at which the gate is three quarters open."""


@dataclass(frozen=True)
class Move:
    """``gain · x + shift``, each ``(N, C)``, and the squared relative distance ``(N,)`` that it covers."""

    gain: Tensor
    shift: Tensor
    distance: Tensor


class Modulation(nn.Module):
    """Renormalises features to a style's mean and deviation, each channel as far as training found good.

    A channel that carries the drawing may learn to stay (0), one that carries the stroke to overshoot
    (above 1); 1 is adaptive instance normalisation. Deviations go their way by ratios and means by
    differences, so that equal statistics, and the strength 0, give exactly the identity.

    Args:
        channels: of the features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.ones(channels))

    def forward(self, own: ChannelMoments, mean: Tensor, deviation: Tensor, strength: Tensor | float) -> Move:
        """How ``own`` gets to ``mean`` and ``deviation (N, C)``; ``strength`` is a number or ``(N, 1)``."""
        own_mean, own_deviation = own.mean, own.deviation
        ratio = (deviation / own_deviation).log()
        gain = (strength * self.gain * ratio).clamp(-MOST_STRETCH, MOST_STRETCH).exp()
        shift = own_mean * (1 - gain) + strength * self.shift * (mean - own_mean)
        apart = (mean - own_mean).square() + (deviation - own_deviation).square()
        size = deviation.square() + own_deviation.square()
        # Not as_tensor(): it would make a constant of a tensor in the graph of an inference engine.
        share = strength if isinstance(strength, Tensor) else torch.tensor(float(strength))
        distance = (apart / size).clamp_max(1).mean(1) * share.to(gain).square().view(-1)
        return Move(gain, shift, distance)


def gate(distance: Tensor) -> Tensor:
    """From the mean squared distance over all sites to a factor in [0, 1) for what the network adds.

    Exactly 0 where nothing had to move: a picture that already is in the style is left as it is.
    """
    # distance / (√(distance + ε²) + ε) is √distance with a finite slope at zero, where it is exactly zero.
    small = 1e-3
    length = distance / ((distance + small**2).sqrt() + small)
    return torch.tanh(length / GATE)
