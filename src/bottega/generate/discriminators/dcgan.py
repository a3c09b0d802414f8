"""The discriminator of Radford et al. 2016; see :mod:`bottega.generate.models.dcgan`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from bottega.generate.models.dcgan import START, normal_weights, pyramid


class ConvDiscriminator(nn.Module):
    """Halves pictures to 4×4, then one logit for each.

    Args:
        size: side of the pictures.
        width: channels at half the size.
        conditions: numbers of a condition; 0 judges without one.
        dropout: share of the last features that is left out while training.
        norm: batch norm as in the paper. Without it the gradient penalty R1 is that of each picture alone.
    """

    def __init__(
        self, size: int, width: int = 32, conditions: int = 0, dropout: float = 0.0, norm: bool = True
    ) -> None:
        super().__init__()
        self.apart = norm
        channels = [3, *reversed(pyramid(width, size))]
        self.halve = nn.Sequential()
        for number, (incoming, outgoing) in enumerate(pairwise(channels)):
            normed = norm and number > 0
            self.halve.append(nn.Conv2d(incoming, outgoing, 4, stride=2, padding=1, bias=not normed))
            if normed:
                self.halve.append(nn.BatchNorm2d(outgoing))
            self.halve.append(nn.LeakyReLU(0.2))
        self.dropout = nn.Dropout(dropout)
        self.logit = nn.Linear(channels[-1] * START**2, 1)
        self.embedding = nn.Linear(conditions, channels[-1], bias=False) if conditions else None
        normal_weights(self)

    def look(self, pictures: Tensor) -> list[Tensor]:
        """The pictures themselves: nothing here is frozen."""
        return [pictures]

    def judge(self, features: Sequence[Tensor], condition: Tensor | None) -> Tensor:
        """Logits ``(N, 1)``."""
        seen = self.halve(features[0] * 2 - 1)
        logits = self.logit(self.dropout(seen.flatten(1)))
        if self.embedding is not None and condition is not None:
            wanted = self.embedding(condition)
            logits = logits + (seen.mean((2, 3)) * wanted).sum(1, keepdim=True)
        return logits.float()

    def forward(self, pictures: Tensor, condition: Tensor | None = None) -> Tensor:
        """Logits ``(N, 1)`` of pictures ``(N, 3, size, size)`` in [0, 1]."""
        return self.judge([pictures], condition)
