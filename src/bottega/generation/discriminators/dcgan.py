"""The discriminator of DCGAN (Radford et al. 2016); see :mod:`bottega.generation.models.dcgan`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from bottega.generation.discriminators.base import Discriminator
from bottega.generation.models.dcgan import START_SIDE, channels_by_level, init_normal


class ConvDiscriminator(Discriminator):
    """Halves pictures to 4×4, then one logit for each.

    Args:
        size: side of the pictures.
        width: channels at half the size.
        condition_dim: length of a condition; 0 for an unconditional discriminator.
        dropout: of the last features.
        norm: batch norm as in the paper. Without it the gradient penalty R1 is that of each picture alone.
    """

    def __init__(
        self, size: int, width: int = 32, condition_dim: int = 0, dropout: float = 0.0, norm: bool = True
    ) -> None:
        super().__init__()
        self.separate_batches = norm
        channels = [3, *reversed(channels_by_level(width, size))]
        self.downsample = nn.Sequential()
        for i, (incoming, outgoing) in enumerate(pairwise(channels)):
            has_norm = norm and i > 0
            self.downsample.append(nn.Conv2d(incoming, outgoing, 4, stride=2, padding=1, bias=not has_norm))
            if has_norm:
                self.downsample.append(nn.BatchNorm2d(outgoing))
            self.downsample.append(nn.LeakyReLU(0.2))
        self.dropout = nn.Dropout(dropout)
        self.logit = nn.Linear(channels[-1] * START_SIDE**2, 1)
        self.embedding = nn.Linear(condition_dim, channels[-1], bias=False) if condition_dim else None
        init_normal(self)

    def classify(self, features: Sequence[Tensor], condition: Tensor | None) -> Tensor:
        """Logits ``(N, 1)``."""
        x = self.downsample(features[0] * 2 - 1)
        logits = self.logit(self.dropout(x.flatten(1)))
        if self.embedding is not None and condition is not None:
            logits = logits + (x.mean((2, 3)) * self.embedding(condition)).sum(1, keepdim=True)
        return logits.float()
