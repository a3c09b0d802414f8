"""SqueezeNet 1.1 (Iandola et al. 2016, arXiv 1602.07360): small, fast, and the lightest encoder of LPIPS.

The state dict has the layout of torchvision's file (``features.0.weight``, ``features.3.squeeze.weight`` …);
its classifier is ignored.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.encoders.base import Encoder, ReceptiveField, normalize_layer_weights, tap_sequential
from bottega.encoders.vgg import Pooling

# Channels between and after the two halves of each fire module; None is a pooling.
FIRES = ((16, 128), (16, 128), None, (32, 256), (32, 256), None, (48, 384), (48, 384), (64, 512), (64, 512))

# By analogy with VGG: early layers carry more, content at an eighth of the size. Not tuned.
STYLE_LAYERS = {"relu1": 64.0, "fire3": 16.0, "fire5": 4.0, "fire9": 1.0}
CONTENT_LAYERS = {"fire5": 1.0}


class SqueezeNet(Encoder):
    """Layers: ``relu1``, then ``fire2`` … ``fire9`` by the paper's names, each after its ReLUs.

    The published network drops the last row and column of odd sizes; this one repeats the far border instead,
    so that features cover the whole picture. Features away from that border equal the published ones.

    Args:
        pooling: ``"max"`` is what the published weights were trained with.
    """

    def __init__(self, pooling: Pooling = "max") -> None:
        super().__init__()
        self.name = "squeezenet"
        self.features = nn.Sequential(nn.Conv2d(3, 64, 3, stride=2), nn.ReLU(), _Pooling(pooling))
        self.layer_names = {1: "relu1"}
        field = ReceptiveField().then(3, 2)
        self.add_layer("relu1", 64, field)
        field, in_channels = field.then(3, 2), 64
        for fire in FIRES:
            if fire is None:
                self.features.append(_Pooling(pooling))
                field = field.then(3, 2)
                continue
            squeeze_channels, expand_channels = fire
            self.features.append(_Fire(in_channels, squeeze_channels, expand_channels))
            field, in_channels = field.then(3, padding=1), expand_channels
            layer = f"fire{len(self.layer_names) + 1}"
            self.layer_names[len(self.features) - 1] = layer
            self.add_layer(layer, expand_channels, field)
        self.content_layers = normalize_layer_weights(CONTENT_LAYERS)
        self.style_layers = normalize_layer_weights(STYLE_LAYERS)

    def forward_layers(self, x: Tensor, layers: frozenset[str]) -> dict[str, Tensor]:
        return tap_sequential(self.features, self.layer_names, _repeat_border(x), layers)


class _Fire(nn.Module):
    """Squeeze to few channels, then expand by 1 × 1 and 3 × 3 filters in parallel."""

    def __init__(self, in_channels: int, squeeze_channels: int, expand_channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeeze_channels, 1)
        self.expand1x1 = nn.Conv2d(squeeze_channels, expand_channels // 2, 1)
        self.expand3x3 = nn.Conv2d(squeeze_channels, expand_channels // 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x))
        return F.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], dim=1))


class _Pooling(nn.Module):
    """3 × 3 windows, two apart."""

    def __init__(self, pooling: Pooling) -> None:
        super().__init__()
        self.pooling = pooling

    def forward(self, x: Tensor) -> Tensor:
        pool = F.max_pool2d if self.pooling == "max" else F.avg_pool2d
        return pool(_repeat_border(x), 3, 2)


def _repeat_border(x: Tensor) -> Tensor:
    """Repeat the far border so that windows of three, two apart, give half the size, rounded up."""
    height, width = x.shape[-2:]
    return F.pad(x, (0, 1 + width % 2, 0, 1 + height % 2), mode="replicate")
