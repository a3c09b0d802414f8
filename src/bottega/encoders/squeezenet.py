"""SqueezeNet 1.1 (Iandola et al. 2016, arXiv 1602.07360): small, quick, and LPIPS' lightest encoder.

The state dict has the layout of torchvision's file (``features.0.weight``, ``features.3.squeeze.weight`` …);
its classifier is ignored.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.encoders.base import NO_NETWORK, Encoder, Field, shares, without_network
from bottega.encoders.vgg import Pooling

# Channels between and after the two halves of each fire module; None is a pooling.
FIRES = ((16, 128), (16, 128), None, (32, 256), (32, 256), None, (48, 384), (48, 384), (64, 512), (64, 512))

# By analogy with VGG: early layers carry more, content at an eighth of the size. Not tuned.
STYLE = {"relu1": 64.0, "fire3": 16.0, "fire5": 4.0, "fire9": 1.0}
CONTENT = {"fire5": 1.0}


class SqueezeNet(Encoder):
    """Layers: ``relu1``, then ``fire2`` … ``fire9`` by the paper's names, each after its ReLUs.

    The published network drops the last row and column of odd sizes; here the far border is repeated instead,
    so that features cover the whole picture. Features that do not see that border are those of the published.

    Args:
        pooling: ``"max"`` is what the published weights were trained with.
    """

    def __init__(self, pooling: Pooling = "max") -> None:
        super().__init__()
        self.name = "squeezenet"
        self.features = nn.Sequential(nn.Conv2d(3, 64, 3, stride=2), nn.ReLU(), _Pool(pooling))
        self.taps = {1: "relu1"}
        field = Field().then(3, 2)
        self.channels, self.strides, self.reach = without_network()
        self.channels["relu1"], self.strides["relu1"], self.reach["relu1"] = 64, 2, field.reach
        field, incoming = field.then(3, 2), 64
        for fire in FIRES:
            if fire is None:
                self.features.append(_Pool(pooling))
                field = field.then(3, 2)
                continue
            squeezed, expanded = fire
            self.features.append(_Fire(incoming, squeezed, expanded))
            field, incoming, layer = field.then(3, padding=1), expanded, f"fire{len(self.taps) + 1}"
            self.taps[len(self.features) - 1] = layer
            self.channels[layer], self.strides[layer] = expanded, field.stride
            self.reach[layer] = field.reach
        self.layers = tuple(name for name in self.channels if name not in NO_NETWORK)
        self.content_layers, self.style_layers = shares(CONTENT), shares(STYLE)

    def features_at(self, scaled: Tensor, wanted: frozenset[str]) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        x = _extended(scaled)
        for index, module in enumerate(self.features):
            x = module(x)
            layer = self.taps.get(index)
            if layer in wanted:
                found[layer] = x
                if len(found) == len(wanted):
                    break
        return found


class _Fire(nn.Module):
    """Squeeze to few channels, then expand by 1 × 1 and 3 × 3 filters side by side."""

    def __init__(self, incoming: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(incoming, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded // 2, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded // 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x))
        return F.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], dim=1))


class _Pool(nn.Module):
    """3 × 3 windows, two apart."""

    def __init__(self, pooling: Pooling) -> None:
        super().__init__()
        self.pooling = pooling

    def forward(self, x: Tensor) -> Tensor:
        pool = F.max_pool2d if self.pooling == "max" else F.avg_pool2d
        return pool(_extended(x), 3, 2)


def _extended(x: Tensor) -> Tensor:
    """Repeat the far border so that windows of three, two apart, give half the size, rounded up."""
    height, width = x.shape[-2:]
    return F.pad(x, (0, 1 + width % 2, 0, 1 + height % 2), mode="replicate")
