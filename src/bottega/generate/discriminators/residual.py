"""A discriminator that looks at the pictures themselves, for generators that learn without an encoder.

After Karras et al. 2020 ("Analyzing and Improving the Image Quality of StyleGAN", the residual
discriminator) and Karras et al. 2018 (the deviation over a group as one more channel, which lets it see that
a generator draws too much alike). Differs: ordinary initial weights instead of equalised rates, means of
2 × 2 in place of filtered halving.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.generate.discriminators.base import group_deviation

START = 4
CHANNELS = {4: 6, 8: 6, 16: 4, 32: 2, 64: 1}
"""Channels at each side, as a multiple of the width; above 64 as there."""


class ResidualDiscriminator(nn.Module):
    """Halves pictures to 4×4, then one logit for each.

    Args:
        size: side of the pictures.
        width: channels at a side of 64.
        conditions: numbers of a condition; 0 judges without one.
    """

    apart = False
    views = 1

    def __init__(self, size: int, width: int = 24, conditions: int = 0) -> None:
        super().__init__()
        sides = [size >> power for power in range((size // START).bit_length())]
        channels = [width * CHANNELS.get(side, 1) for side in sides]
        last = channels[-1]
        self.colors = nn.Conv2d(3, channels[0], 1)
        self.halve = nn.Sequential(*(_Half(before, after) for before, after in pairwise(channels)))
        self.mixed = nn.Conv2d(last + 1, last, 3, padding=1)
        self.summed = nn.Linear(last * START**2, last)
        self.logit = nn.Linear(last, 1)
        self.embedding = nn.Linear(conditions, last, bias=False) if conditions else None
        self._spread(last)

    def _spread(self, last: int) -> None:
        """Weights that keep the deviation of what comes in."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, 0.2)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
        nn.init.normal_(self.logit.weight, 0.0, last**-0.5)
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, 0.0, last**-0.5)

    def look(self, pictures: Tensor) -> list[Tensor]:
        """The pictures themselves: nothing here is frozen."""
        return [pictures]

    def judge(self, features: Sequence[Tensor], condition: Tensor | None) -> Tensor:
        """Logits ``(N, 1)``."""
        x = F.leaky_relu(self.colors(features[0] * 2 - 1), 0.2)
        x = self.halve(x)
        x = torch.cat([x, group_deviation(x)], 1)
        x = F.leaky_relu(self.mixed(x), 0.2)
        x = F.leaky_relu(self.summed(x.flatten(1)), 0.2)
        logits = self.logit(x)
        if self.embedding is not None and condition is not None:
            logits = logits + (x * self.embedding(condition.to(x))).sum(1, keepdim=True)
        return logits.float()

    def forward(self, pictures: Tensor, condition: Tensor | None = None) -> Tensor:
        """Logits ``(N, 1)`` of pictures ``(N, 3, size, size)`` in [0, 1]."""
        return self.judge([pictures], condition)


class _Half(nn.Module):
    """Half the side: two convolutions beside a plain way, whose sum keeps the deviation."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(incoming, incoming, 3, padding=1)
        self.second = nn.Conv2d(incoming, outgoing, 3, padding=1)
        self.plain = nn.Conv2d(incoming, outgoing, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.avg_pool2d(F.leaky_relu(self.first(x), 0.2), 2)
        inner = F.leaky_relu(self.second(inner), 0.2)
        return (inner + self.plain(F.avg_pool2d(x, 2))) * 0.5**0.5
