"""A discriminator that looks through a frozen encoder (Sauer et al. 2021, "Projected GANs Converge Faster").

The encoder's features are mixed by fixed random 1×1 convolutions (cross-channel mixing), so that the heads
cannot dwell on a few channels, and each scale has a small head of its own. Differs: any encoder of ours,
and no mixing across scales, which would cost as much again; one more head looks at the pictures themselves,
or the generator learns to draw patterns that no feature shows; and every head sees how much the pictures of
its batch differ, without which each class had one picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from bottega.encoders import Encoder
from bottega.generate.discriminators.base import group_deviation

HEADS = 4
WIDEST = 64
"""Channels of a head at most."""
GROUPS = 8
MIXED = (24, 32, 48, 64)
"""Channels after mixing, shallow to deep; an encoder's deeper layers see more and cost less."""
FOLD = 2
"""So many pixels by so many become channels before the pictures themselves are looked at."""
PLAIN = 32
"""Channels of the layer that looks at them."""


class Projector(nn.Module):
    """The encoder, frozen; its features at some layers, mixed at random.

    The mixing is part of the state, the encoder is not: it has a file of its own.

    Args:
        encoder: any; it is frozen.
        layers: shallow to deep; none takes the last layer of each stride.
        seed: of the mixing.
    """

    def __init__(self, encoder: Encoder, layers: Sequence[str] = (), seed: int = 0) -> None:
        super().__init__()
        self.layers = tuple(layers) or last_layers(encoder)
        encoder.check_layers(self.layers)
        self.channels = MIXED[-len(self.layers) :]
        self._encoder = [encoder.frozen()]  # in a list: its weights are no part of what a training saves
        source = torch.Generator().manual_seed(seed)
        for number, (layer, mixed) in enumerate(zip(self.layers, self.channels, strict=True)):
            incoming = encoder.channels[layer]
            weight = torch.randn(mixed, incoming, 1, 1, generator=source) * incoming**-0.5
            # Our encoder's channels all have the mean 1, which would drown what varies.
            weight -= weight.mean(1, keepdim=True)
            self.register_buffer(f"mixing{number}", weight)

    @property
    def encoder(self) -> Encoder:
        """The network that is looked through."""
        return self._encoder[0]

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Mixed features ``(N, channels, h, w)`` of each layer, shallow to deep."""
        features = self.encoder(pictures, self.layers)
        return [
            torch.conv2d(features[layer], self.get_buffer(f"mixing{number}").to(features[layer].dtype))
            for number, layer in enumerate(self.layers)
        ]


def last_layers(encoder: Encoder) -> tuple[str, ...]:
    """The deepest layer of each of the last four strides, shallow to deep."""
    last = {encoder.strides[layer]: layer for layer in encoder.layers}
    return tuple(last[stride] for stride in sorted(last))[-HEADS:]


class Head(nn.Module):
    """Halves features until they are 4×4, then one logit for each place, by the condition as well.

    Only the last weights have a spectral norm, which keeps logits near the hinge; further ones in front of it
    shrink what varies until nothing is learned.

    The condition enters by its inner product with the features (Miyato and Koyama 2018). At 4×4 the deviation
    of pictures that lie side by side in the batch is one more channel.
    """

    def __init__(self, incoming: int, side: int, conditions: int) -> None:
        super().__init__()
        self.layers = nn.Sequential()
        channels = incoming
        while side > 4:
            wider = min(2 * channels, WIDEST)
            self.layers.append(_normed(nn.Conv2d(channels, wider, 4, stride=2, padding=1, bias=False)))
            channels, side = wider, side // 2
        self.last = _normed(nn.Conv2d(channels + 1, WIDEST, 3, padding=1, bias=False))
        self.logit = spectral_norm(nn.Conv2d(WIDEST, 1, 1))
        self.embedding = spectral_norm(nn.Linear(conditions, WIDEST, bias=False)) if conditions else None

    def forward(self, features: Tensor, condition: Tensor | None) -> Tensor:
        """Logits ``(N, 1, 4, 4)``; of features smaller than that, one for each place."""
        seen = self.layers(features)
        seen = self.last(torch.cat([seen, group_deviation(seen)], 1))
        logits = self.logit(seen)
        if self.embedding is not None and condition is not None:
            wanted = self.embedding(condition).to(seen.dtype)[:, :, None, None]
            logits = logits + (seen * wanted).sum(1, keepdim=True)
        return logits


def _normed(convolution: nn.Conv2d) -> nn.Sequential:
    """With a norm of each picture by itself: one over the batch would tell real from made by company."""
    return nn.Sequential(convolution, nn.GroupNorm(GROUPS, convolution.out_channels), nn.LeakyReLU(0.2))


class ProjectedDiscriminator(nn.Module):
    """Heads over a projector's features, and one over the pictures.

    Args:
        projector: frozen.
        size: side of the pictures.
        conditions: numbers of a condition; 0 judges without one.
    """

    apart = False

    def __init__(self, projector: Projector, size: int, conditions: int = 0) -> None:
        super().__init__()
        self.projector = projector
        self.heads = nn.ModuleList(
            Head(channels, size // projector.encoder.strides[layer], conditions)
            for layer, channels in zip(projector.layers, projector.channels, strict=True)
        )
        self.heads.append(Head(PLAIN, size // FOLD, conditions))
        self.plain = nn.Conv2d(3 * FOLD**2, PLAIN, 3, padding=1)

    @property
    def views(self) -> int:
        """Tensors that :meth:`look` gives."""
        return len(self.heads)

    def look(self, pictures: Tensor) -> list[Tensor]:
        """Features that :meth:`judge` takes; dear, and the same for both sides of the game."""
        return [*self.projector(pictures), F.pixel_unshuffle(pictures * 2 - 1, FOLD)]

    def judge(self, features: Sequence[Tensor], condition: Tensor | None) -> Tensor:
        """Logits ``(N, …)``, those of all heads; 16 of each where its features are 4×4 or larger."""
        *seen, folded = features
        seen.append(F.leaky_relu(self.plain(folded), 0.2))
        found = [head(x, condition).flatten(1) for head, x in zip(self.heads, seen, strict=True)]
        return torch.cat(found, 1).float()

    def forward(self, pictures: Tensor, condition: Tensor | None = None) -> Tensor:
        """Logits ``(N, …)`` of pictures ``(N, 3, size, size)``."""
        return self.judge(self.look(pictures), condition)
