"""ResNet-50 (He et al. 2015, arXiv 1512.03385) as torchvision trains it: strides in the 3 × 3 convolutions.

The state dict has the layout of torchvision's file (``conv1.weight``, ``layer1.0.bn1.running_mean`` …); its
classifier and the counters of batch norm are ignored. Residual activations are peaky, which makes poorer
styles than VGG's (Wang et al. 2021, arXiv 2104.05623); it serves for comparison and for content.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.encoders.base import Encoder, ReceptiveField, normalize_layer_weights
from bottega.encoders.vgg import Pooling

BLOCKS = {"layer1": 3, "layer2": 4, "layer3": 6, "layer4": 3}
EXPANSION = 4

# By analogy with VGG: early layers carry more, content at an eighth of the size. Not tuned.
STYLE_LAYERS = {"relu1": 64.0, "layer1": 16.0, "layer2": 4.0, "layer3": 1.0}
CONTENT_LAYERS = {"layer2": 1.0}


class ResNet50(Encoder):
    """Layers: ``relu1`` (half size), then ``layer1`` … ``layer4`` after their last block.

    Args:
        pooling: after ``relu1``; ``"max"`` is what the published weights were trained with.
    """

    def __init__(self, pooling: Pooling = "max") -> None:
        super().__init__()
        self.name, self.pooling = "resnet50", pooling
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = FixedNorm(64)
        field = ReceptiveField().then(7, 2, padding=3)
        self.add_layer("relu1", 64, field)
        field, in_channels, width = field.then(3, 2, padding=1), 64, 64
        for layer, count in BLOCKS.items():
            blocks = nn.Sequential()
            for index in range(count):
                stride = 2 if index == 0 and layer != "layer1" else 1
                blocks.append(_Bottleneck(in_channels, width, stride))
                field, in_channels = field.then(3, stride, padding=1), width * EXPANSION
            self.add_module(layer, blocks)
            self.add_layer(layer, in_channels, field)
            width *= 2
        self.content_layers = normalize_layer_weights(CONTENT_LAYERS)
        self.style_layers = normalize_layer_weights(STYLE_LAYERS)

    def forward_layers(self, x: Tensor, layers: frozenset[str]) -> dict[str, Tensor]:
        x = F.relu(self.bn1(self.conv1(x)))
        features = {"relu1": x} if "relu1" in layers else {}
        if len(features) == len(layers):
            return features
        x = self._pool(x)
        for layer in BLOCKS:
            x = self.get_submodule(layer)(x)
            if layer in layers:
                features[layer] = x
                if len(features) == len(layers):
                    break
        return features

    def _pool(self, x: Tensor) -> Tensor:
        if self.pooling == "max":
            return F.max_pool2d(x, 3, 2, padding=1)
        return F.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False)


class FixedNorm(nn.Module):
    """Batch norm with the statistics of its training, in every mode: pictures of one batch never mix."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, training=False)


class _Bottleneck(nn.Module):
    """1 × 1, 3 × 3, 1 × 1, and the input added; projected where size or width changes."""

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        out_channels = width * EXPANSION
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = FixedNorm(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = FixedNorm(width)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = FixedNorm(out_channels)
        self.downsample: nn.Sequential | None = None
        if stride > 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)
            self.downsample = nn.Sequential(projection, FixedNorm(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)) + shortcut)
