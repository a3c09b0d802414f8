"""ResNet-50 (He et al. 2015, arXiv 1512.03385) as torchvision trains it: strides in the 3 × 3 convolutions.

The state dict has the layout of torchvision's file (``conv1.weight``, ``layer1.0.bn1.running_mean`` …); its
classifier and the counters of batch norm are ignored. Residual activations are peaky, which makes poorer
styles than VGG's (Wang et al. 2021, arXiv 2104.05623); it is here for comparison and for content.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.encoders.base import NO_NETWORK, Encoder, Field, shares, without_network
from bottega.encoders.vgg import Pooling

BLOCKS = {"layer1": 3, "layer2": 4, "layer3": 6, "layer4": 3}
EXPANSION = 4

# By analogy with VGG: early layers carry more, content at an eighth of the size. Not tuned.
STYLE = {"relu1": 64.0, "layer1": 16.0, "layer2": 4.0, "layer3": 1.0}
CONTENT = {"layer2": 1.0}


class ResNet50(Encoder):
    """Layers: ``relu1`` (half size), then ``layer1`` … ``layer4`` after their last block.

    Args:
        pooling: of the one pooling, behind ``relu1``; ``"max"`` is what the published weights know.
    """

    def __init__(self, pooling: Pooling = "max") -> None:
        super().__init__()
        self.name, self.pooling = "resnet50", pooling
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = FixedNorm(64)
        field = Field().then(7, 2, padding=3)
        self.channels, self.strides, self.reach = without_network()
        self.channels["relu1"], self.strides["relu1"], self.reach["relu1"] = 64, 2, field.reach
        field, incoming, width = field.then(3, 2, padding=1), 64, 64
        for layer, count in BLOCKS.items():
            blocks = nn.Sequential()
            for index in range(count):
                stride = 2 if index == 0 and layer != "layer1" else 1
                blocks.append(_Bottleneck(incoming, width, stride))
                field, incoming = field.then(3, stride, padding=1), width * EXPANSION
            self.add_module(layer, blocks)
            self.channels[layer], self.strides[layer] = incoming, field.stride
            self.reach[layer] = field.reach
            width *= 2
        self.layers = tuple(name for name in self.channels if name not in NO_NETWORK)
        self.content_layers, self.style_layers = shares(CONTENT), shares(STYLE)

    def features_at(self, scaled: Tensor, wanted: frozenset[str]) -> dict[str, Tensor]:
        x = F.relu(self.bn1(self.conv1(scaled)))
        found = {"relu1": x} if "relu1" in wanted else {}
        if len(found) == len(wanted):
            return found
        x = self._pool(x)
        for layer in BLOCKS:
            x = self.get_submodule(layer)(x)
            if layer in wanted:
                found[layer] = x
                if len(found) == len(wanted):
                    break
        return found

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

    def __init__(self, incoming: int, width: int, stride: int) -> None:
        super().__init__()
        outgoing = width * EXPANSION
        self.conv1 = nn.Conv2d(incoming, width, 1, bias=False)
        self.bn1 = FixedNorm(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = FixedNorm(width)
        self.conv3 = nn.Conv2d(width, outgoing, 1, bias=False)
        self.bn3 = FixedNorm(outgoing)
        self.downsample: nn.Sequential | None = None
        if stride > 1 or incoming != outgoing:
            projection = nn.Conv2d(incoming, outgoing, 1, stride=stride, bias=False)
            self.downsample = nn.Sequential(projection, FixedNorm(outgoing))

    def forward(self, x: Tensor) -> Tensor:
        kept = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)) + kept)
