"""Encoders from ImageNet classifiers other than VGG: ResNet-50 and SqueezeNet 1.1.

State dicts have the layout of torchvision's files (``layer1.0.bn1.running_mean``, ``features.3.squeeze.bias``
…); classifiers and the counters of batch norm are ignored.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.encoders.base import Encoder, ReceptiveField, SequentialEncoder, normalize_layer_weights
from bottega.encoders.vgg import Pooling

RESNET_BLOCKS = {"layer1": 3, "layer2": 4, "layer3": 6, "layer4": 3}
RESNET_EXPANSION = 4
# Channels between and after the two halves of each fire module; None is a pooling.
SQUEEZENET_FIRES = (
    (16, 128), (16, 128), None, (32, 256), (32, 256), None, (48, 384), (48, 384), (64, 512), (64, 512)
)  # fmt: skip

# By analogy with VGG: early layers weigh more, content at an eighth of the size. Not tuned.
RESNET_STYLE_LAYERS = {"relu1": 64.0, "layer1": 16.0, "layer2": 4.0, "layer3": 1.0}
RESNET_CONTENT_LAYERS = {"layer2": 1.0}
SQUEEZENET_STYLE_LAYERS = {"relu1": 64.0, "fire3": 16.0, "fire5": 4.0, "fire9": 1.0}
SQUEEZENET_CONTENT_LAYERS = {"fire5": 1.0}


class ResNet50(Encoder):
    """ResNet-50 (He et al. 2015, arXiv 1512.03385) with strides in the 3 × 3 convolutions.

    Layers: ``relu1`` (half size), then ``layer1`` … ``layer4`` after their last block. Residual activations
    are peaky, which makes poorer styles than VGG's (Wang et al. 2021, arXiv 2104.05623); it serves for
    comparison and for content.

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
        for layer, count in RESNET_BLOCKS.items():
            blocks = nn.Sequential()
            for index in range(count):
                stride = 2 if index == 0 and layer != "layer1" else 1
                blocks.append(_Bottleneck(in_channels, width, stride))
                field, in_channels = field.then(3, stride, padding=1), width * RESNET_EXPANSION
            self.add_module(layer, blocks)
            self.add_layer(layer, in_channels, field)
            width *= 2
        self.content_layers = normalize_layer_weights(RESNET_CONTENT_LAYERS)
        self.style_layers = normalize_layer_weights(RESNET_STYLE_LAYERS)

    def forward_layers(self, x: Tensor, layers: frozenset[str]) -> dict[str, Tensor]:
        x = F.relu(self.bn1(self.conv1(x)))
        features = {"relu1": x} if "relu1" in layers else {}
        if len(features) == len(layers):
            return features
        x = self._pool(x)
        for layer in RESNET_BLOCKS:
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
        out_channels = width * RESNET_EXPANSION
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


class SqueezeNet(SequentialEncoder):
    """SqueezeNet 1.1 (Iandola et al. 2016, arXiv 1602.07360): small, fast, the lightest encoder of LPIPS.

    Layers: ``relu1``, then ``fire2`` … ``fire9`` by the paper's names, each after its ReLUs.

    The published network drops the last row and column of odd sizes; this one repeats the far border instead,
    so that features cover the whole picture. Features away from that border equal the published ones.

    Args:
        pooling: ``"max"`` is what the published weights were trained with.
    """

    def __init__(self, pooling: Pooling = "max") -> None:
        super().__init__()
        self.name = "squeezenet"
        self.features.extend([nn.Conv2d(3, 64, 3, stride=2), nn.ReLU()])
        field = ReceptiveField().then(3, 2)
        self.add_layer("relu1", 64, field)
        self.features.append(_Pooling(pooling))
        field, in_channels = field.then(3, 2), 64
        for fire in SQUEEZENET_FIRES:
            if fire is None:
                self.features.append(_Pooling(pooling))
                field = field.then(3, 2)
                continue
            squeeze_channels, expand_channels = fire
            self.features.append(_Fire(in_channels, squeeze_channels, expand_channels))
            field, in_channels = field.then(3, padding=1), expand_channels
            self.add_layer(f"fire{len(self.layers) + 1}", expand_channels, field)
        self.content_layers = normalize_layer_weights(SQUEEZENET_CONTENT_LAYERS)
        self.style_layers = normalize_layer_weights(SQUEEZENET_STYLE_LAYERS)

    def forward_layers(self, x: Tensor, layers: frozenset[str]) -> dict[str, Tensor]:
        return super().forward_layers(_repeat_border(x), layers)


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
