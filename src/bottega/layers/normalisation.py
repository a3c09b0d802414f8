"""Instance normalisation whose gain and shift depend on a style."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-5


class ConditionalInstanceNorm(nn.Module):
    """One gain and shift per channel *and style*; a mixture of styles mixes them (Dumoulin et al. 2017).

    Args:
        channels: of the features.
        styles: how many there are; ``gain`` and ``shift`` are ``(styles, channels)``.
    """

    def __init__(self, channels: int, styles: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(styles, channels))
        self.shift = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, features: Tensor, style: Tensor) -> Tensor:
        """Normalise ``(N, C, h, w)``; ``style`` is ``(N, styles)``, each style's share."""
        gain = (style.to(self.gain) @ self.gain)[:, :, None, None].to(features)
        shift = (style.to(self.shift) @ self.shift)[:, :, None, None].to(features)
        return instance_norm(features) * gain + shift


def instance_norm(features: Tensor) -> Tensor:
    """Mean 0 and variance 1 for every channel of every picture; a single position becomes zero."""
    if features.shape[-1] * features.shape[-2] == 1:
        return torch.zeros_like(features)
    return F.instance_norm(features, eps=EPSILON)


class InstanceNorm(nn.Module):
    """Instance normalisation with one learned gain and shift per channel (Ulyanov et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor) -> Tensor:
        return instance_norm(features) * self.gain.view(-1, 1, 1) + self.shift.view(-1, 1, 1)
