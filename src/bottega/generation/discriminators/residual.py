"""A residual discriminator on the pictures themselves, for generators that learn without an encoder.

After Karras et al. 2020 ("Analyzing and Improving the Image Quality of StyleGAN", the residual
discriminator) and Karras et al. 2018 (minibatch standard deviation). Differs: ordinary initial weights
instead of equalized learning rates, means of 2 × 2 instead of filtered downsampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.generation.discriminators.base import Discriminator, minibatch_stddev

START_SIDE = 4
CHANNELS = {4: 6, 8: 6, 16: 4, 32: 2, 64: 1}
"""Channels at each side, as a multiple of the width; above 64 the same as there."""


class ResidualDiscriminator(Discriminator):
    """Halves pictures to 4×4, then one logit for each.

    Args:
        size: side of the pictures.
        width: channels at a side of 64.
        condition_dim: length of a condition; 0 for an unconditional discriminator.
    """

    def __init__(self, size: int, width: int = 24, condition_dim: int = 0) -> None:
        super().__init__()
        sides = [size >> power for power in range((size // START_SIDE).bit_length())]
        channels = [width * CHANNELS.get(side, 1) for side in sides]
        last = channels[-1]
        self.from_rgb = nn.Conv2d(3, channels[0], 1)
        self.downsample = nn.Sequential(*(_ResidualBlock(a, b) for a, b in pairwise(channels)))
        self.convolution = nn.Conv2d(last + 1, last, 3, padding=1)
        self.linear = nn.Linear(last * START_SIDE**2, last)
        self.logit = nn.Linear(last, 1)
        self.embedding = nn.Linear(condition_dim, last, bias=False) if condition_dim else None
        self._init_weights(last)

    def _init_weights(self, last: int) -> None:
        """Weights that preserve the variance of the input."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, 0.2)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
        nn.init.normal_(self.logit.weight, 0.0, last**-0.5)
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, 0.0, last**-0.5)

    def classify(self, features: Sequence[Tensor], condition: Tensor | None) -> Tensor:
        """Logits ``(N, 1)``."""
        x = F.leaky_relu(self.from_rgb(features[0] * 2 - 1), 0.2)
        x = self.downsample(x)
        x = torch.cat([x, minibatch_stddev(x)], 1)
        x = F.leaky_relu(self.convolution(x), 0.2)
        x = F.leaky_relu(self.linear(x.flatten(1)), 0.2)
        logits = self.logit(x)
        if self.embedding is not None and condition is not None:
            logits = logits + (x * self.embedding(condition.to(x))).sum(1, keepdim=True)
        return logits.float()


class _ResidualBlock(nn.Module):
    """Halves the side: two convolutions beside a skip connection, whose sum preserves the variance."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(incoming, incoming, 3, padding=1)
        self.second = nn.Conv2d(incoming, outgoing, 3, padding=1)
        self.skip = nn.Conv2d(incoming, outgoing, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.avg_pool2d(F.leaky_relu(self.first(x), 0.2), 2)
        inner = F.leaky_relu(self.second(inner), 0.2)
        return (inner + self.skip(F.avg_pool2d(x, 2))) * 0.5**0.5
