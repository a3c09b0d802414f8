"""DCGAN and its conditional form, as baselines and for study.

Radford et al. 2016: batch norm, ReLU in the generator, leaky ReLU in the discriminator, no pooling. Differs:
upsampling by nearest neighbor and a 3×3 convolution instead of transposed convolutions, which leave
checkerboards (Odena et al. 2016). The conditional form (Mirza and Osindero 2014) joins the condition to the
noise, and to the discriminator's last features by an inner product (Miyato and Koyama 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from bottega.errors import SettingsError
from bottega.generation.models.generator import Generator

START_SIDE = 4
MAX_CHANNELS_FACTOR = 8
"""Channels at the smallest side are at most this times the width."""


class DCGAN(Generator):
    """The unconditional generator.

    Args:
        size: as in :class:`~bottega.generation.Generator`.
        latent: likewise.
        width: channels at half the full size; the paper's is 64 at 64².
    """

    def __init__(self, size: int = 64, latent: int = 100, width: int = 32) -> None:
        super().__init__(size, latent)
        self._build(width)

    def _build(self, width: int) -> None:
        if width < 1:
            raise SettingsError(f"The width of a DCGAN is {width}; use 1 or more.")
        self.width = width
        channels = channels_by_level(width, self.size)
        self.start = nn.Linear(self.latent + self.condition_dim, channels[0] * START_SIDE**2, bias=False)
        self.first = nn.Sequential(nn.BatchNorm2d(channels[0]), nn.ReLU())
        self.enlarge = nn.Sequential()
        for incoming, outgoing in pairwise(channels):
            convolution = nn.Conv2d(incoming, outgoing, 3, padding=1, bias=False)
            norm = nn.BatchNorm2d(outgoing)
            self.enlarge.extend([nn.Upsample(scale_factor=2), convolution, norm, nn.ReLU()])
        self.enlarge.extend([nn.Upsample(scale_factor=2), nn.Conv2d(channels[-1], 3, 3, padding=1)])
        init_normal(self)

    @property
    def configuration(self) -> dict[str, Any]:
        return {"size": self.size, "latent": self.latent, "width": self.width}

    def synthesize(self, styles: Sequence[Tensor]) -> Tensor:
        x = self.start(styles[0]).unflatten(1, (-1, START_SIDE, START_SIDE))
        x = self.enlarge(self.first(x.contiguous(memory_format=torch.channels_last)))
        return (torch.tanh(x).float() + 1) / 2


class ConditionalDCGAN(DCGAN):
    """The generator with classes and attributes."""

    def __init__(
        self,
        size: int = 64,
        latent: int = 100,
        classes: Sequence[str] = (),
        attributes: Sequence[str] = (),
        width: int = 32,
        class_weights: Sequence[float] = (),
    ) -> None:
        Generator.__init__(self, size, latent, classes, attributes, class_weights)
        if not self.condition_dim:
            raise SettingsError("A conditional DCGAN needs classes or attributes; without them use dcgan.")
        self._build(width)

    @property
    def configuration(self) -> dict[str, Any]:
        return {**Generator.configuration.__get__(self), "width": self.width}


def channels_by_level(width: int, size: int) -> list[int]:
    """Channels from the smallest side (4) to half the full size."""
    halvings = (size // START_SIDE).bit_length() - 1
    return [width * min(2**power, MAX_CHANNELS_FACTOR) for power in reversed(range(halvings))]


def init_normal(module: nn.Module) -> None:
    """The paper's initialization: convolutions and linear layers normal with standard deviation 0.02."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, 0.02)
