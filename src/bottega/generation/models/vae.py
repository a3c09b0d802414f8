"""A variational autoencoder with a weight β on its divergence.

Kingma and Welling 2014; β of Higgins et al. 2017. Its pictures are softer than those of the GANs, but it
cannot collapse, and it encodes any picture to noise at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError
from bottega.generation.models.dcgan import START_SIDE, channels_by_level
from bottega.generation.models.generator import Generator

MAX_ABS_LOG_VARIANCE = 10.0
"""Keeps variances finite and above zero."""


class VAE(Generator):
    """Encoder and decoder; as a generator the decoder alone.

    Args:
        size: as in :class:`~bottega.generation.Generator`.
        latent: likewise.
        classes: likewise.
        attributes: likewise.
        width: channels at half the full size.
    """

    def __init__(
        self,
        size: int = 64,
        latent: int = 64,
        classes: Sequence[str] = (),
        attributes: Sequence[str] = (),
        width: int = 32,
        class_weights: Sequence[float] = (),
    ) -> None:
        super().__init__(size, latent, classes, attributes, class_weights)
        if width < 1:
            raise SettingsError(f"The width of a VAE is {width}; use 1 or more.")
        self.width = width
        channels = channels_by_level(width, size)
        self.reduce = nn.Sequential()
        for incoming, outgoing in zip([3, *reversed(channels)], reversed(channels), strict=False):
            convolution = nn.Conv2d(incoming, outgoing, 4, stride=2, padding=1, bias=False)
            self.reduce.extend([convolution, nn.BatchNorm2d(outgoing), nn.LeakyReLU(0.2)])
        self.posterior = nn.Linear(channels[0] * START_SIDE**2 + self.condition_dim, 2 * latent)
        self.start = nn.Linear(latent + self.condition_dim, channels[0] * START_SIDE**2)
        self.enlarge = nn.Sequential()
        for incoming, outgoing in zip(channels, [*channels[1:], width], strict=True):
            convolution = nn.Conv2d(incoming, outgoing, 3, padding=1, bias=False)
            norm = nn.BatchNorm2d(outgoing)
            self.enlarge.extend([nn.Upsample(scale_factor=2), convolution, norm, nn.LeakyReLU(0.2)])
        self.picture = nn.Conv2d(width, 3, 3, padding=1)

    @property
    def configuration(self) -> dict[str, Any]:
        return {**super().configuration, "width": self.width}

    def encode(self, pictures: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and log variance, ``(N, latent)`` each, of the noise of pictures ``(N, 3, size, size)``."""
        features = self.reduce(pictures * 2 - 1).flatten(1)
        if condition is not None:
            features = torch.cat([features, condition.to(features)], 1)
        mean, log_variance = self.posterior(features).float().chunk(2, 1)
        return mean, log_variance.clamp(-MAX_ABS_LOG_VARIANCE, MAX_ABS_LOG_VARIANCE)

    def synthesize(self, styles: Sequence[Tensor]) -> Tensor:
        x = F.leaky_relu(self.start(styles[0]), 0.2)
        x = x.view(len(x), -1, START_SIDE, START_SIDE)
        x = self.enlarge(x.contiguous(memory_format=torch.channels_last))
        return torch.sigmoid(self.picture(x)).float()
