"""A discriminator on a frozen encoder's features (Sauer et al. 2021, "Projected GANs Converge Faster").

The encoder's features are mixed by fixed random 1×1 convolutions (cross-channel mixing), so that the heads
cannot rely on a few channels, and each scale has a small head. Differs: any Bottega encoder, and no mixing
across scales, which would double the cost; one more head sees the pictures themselves, or the generator
learns patterns that no feature shows; and every head has a minibatch standard deviation, without which each
class collapsed to one picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from bottega.encoders import Encoder
from bottega.generation.discriminators.base import Discriminator, minibatch_stddev

MAX_HEADS = 4
MAX_HEAD_CHANNELS = 64
NORM_GROUPS = 8
MIXED_CHANNELS = (24, 32, 48, 64)
"""Channels after mixing, shallow to deep; an encoder's deeper layers see more and cost less."""
UNSHUFFLE = 2
"""Blocks of so many pixels squared become channels before the head on the pictures themselves."""
PIXEL_CHANNELS = 32


class Projector(nn.Module):
    """A frozen encoder whose features at some layers are mixed at random.

    The mixing is part of the state; the encoder is not: it has its own file.

    Args:
        encoder: any; it is frozen.
        layers: shallow to deep; the default is the last layer of each stride.
        seed: of the mixing.
    """

    def __init__(self, encoder: Encoder, layers: Sequence[str] = (), seed: int = 0) -> None:
        super().__init__()
        self.layers = tuple(layers) or last_layers(encoder)
        encoder.check_layers(self.layers)
        self.channels = MIXED_CHANNELS[-len(self.layers) :]
        self._encoder = [encoder.frozen()]  # in a list, so that checkpoints do not contain its weights
        source = torch.Generator().manual_seed(seed)
        for i, (layer, mixed) in enumerate(zip(self.layers, self.channels, strict=True)):
            incoming = encoder.channels[layer]
            weight = torch.randn(mixed, incoming, 1, 1, generator=source) * incoming**-0.5
            # The channels of Bottega's encoder all have the mean 1, which would drown what varies.
            weight -= weight.mean(1, keepdim=True)
            self.register_buffer(f"mixing{i}", weight)

    @property
    def encoder(self) -> Encoder:
        """The frozen network."""
        return self._encoder[0]

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Mixed features ``(N, channels, h, w)`` of each layer, shallow to deep."""
        features = self.encoder(pictures, self.layers)
        return [
            torch.conv2d(features[layer], self.get_buffer(f"mixing{i}").to(features[layer].dtype))
            for i, layer in enumerate(self.layers)
        ]


def last_layers(encoder: Encoder) -> tuple[str, ...]:
    """The deepest layer of each of the last four strides, shallow to deep."""
    last = {encoder.strides[layer]: layer for layer in encoder.layers}
    return tuple(last[stride] for stride in sorted(last))[-MAX_HEADS:]


class Head(nn.Module):
    """Halves features to 4×4, then one logit for each position, with the condition by an inner product.

    Only the last weights have a spectral norm, which keeps logits near the hinge; more of them reduce the
    variation until nothing is learned. The condition enters by its inner product with the features (Miyato
    and Koyama 2018). At 4×4 the minibatch standard deviation is one more channel.
    """

    def __init__(self, incoming: int, side: int, condition_dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential()
        channels = incoming
        while side > 4:
            wider = min(2 * channels, MAX_HEAD_CHANNELS)
            self.layers.append(_with_norm(nn.Conv2d(channels, wider, 4, stride=2, padding=1, bias=False)))
            channels, side = wider, side // 2
        self.last = _with_norm(nn.Conv2d(channels + 1, MAX_HEAD_CHANNELS, 3, padding=1, bias=False))
        self.logit = spectral_norm(nn.Conv2d(MAX_HEAD_CHANNELS, 1, 1))
        self.embedding = None
        if condition_dim:
            self.embedding = spectral_norm(nn.Linear(condition_dim, MAX_HEAD_CHANNELS, bias=False))

    def forward(self, features: Tensor, condition: Tensor | None) -> Tensor:
        """Logits ``(N, 1, 4, 4)``; of smaller features, one for each position."""
        x = self.layers(features)
        x = self.last(torch.cat([x, minibatch_stddev(x)], 1))
        logits = self.logit(x)
        if self.embedding is not None and condition is not None:
            embedded = self.embedding(condition).to(x.dtype)[:, :, None, None]
            logits = logits + (x * embedded).sum(1, keepdim=True)
        return logits


def _with_norm(convolution: nn.Conv2d) -> nn.Sequential:
    """Group norm, not batch norm: statistics over the batch would reveal real and fake pictures."""
    norm = nn.GroupNorm(NORM_GROUPS, convolution.out_channels)
    return nn.Sequential(convolution, norm, nn.LeakyReLU(0.2))


class ProjectedDiscriminator(Discriminator):
    """Heads on a projector's features, and one on the pictures.

    Args:
        projector: frozen.
        size: side of the pictures.
        condition_dim: length of a condition; 0 for an unconditional discriminator.
    """

    def __init__(self, projector: Projector, size: int, condition_dim: int = 0) -> None:
        super().__init__()
        self.projector = projector
        self.heads = nn.ModuleList(
            Head(channels, size // projector.encoder.strides[layer], condition_dim)
            for layer, channels in zip(projector.layers, projector.channels, strict=True)
        )
        self.heads.append(Head(PIXEL_CHANNELS, size // UNSHUFFLE, condition_dim))
        self.from_pixels = nn.Conv2d(3 * UNSHUFFLE**2, PIXEL_CHANNELS, 3, padding=1)
        self.feature_count = len(self.heads)

    def extract_features(self, pictures: Tensor) -> list[Tensor]:
        """The projector's features, which are expensive, and the pictures with pixels as channels."""
        return [*self.projector(pictures), F.pixel_unshuffle(pictures * 2 - 1, UNSHUFFLE)]

    def classify(self, features: Sequence[Tensor], condition: Tensor | None) -> Tensor:
        """Logits ``(N, …)`` of all heads; 16 of each where its features are 4×4 or larger."""
        *projected, pixels = features
        inputs = [*projected, F.leaky_relu(self.from_pixels(pixels), 0.2)]
        logits = [head(x, condition).flatten(1) for head, x in zip(self.heads, inputs, strict=True)]
        return torch.cat(logits, 1).float()
