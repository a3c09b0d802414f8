"""One layer of untrained filters at several scales: the baseline that trained encoders have to beat.

Ustyuzhaninov, Brendel, Gatys & Bethge (2016, arXiv 1606.00021) showed that a single layer of random filters
of many sizes describes textures nearly as well as VGG. They use kernels of 3 to 55 pixels; here the kernel
has 7 pixels and the picture shrinks by octaves, which covers the same 7 to 56 pixels at a small part of the
cost.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.encoders.base import Encoder, ReceptiveField

KERNEL = 7
SCALES = (1, 2, 4, 8)


class RandomFilters(Encoder):
    """Random 7 × 7 filters and a ReLU on the picture at full, half, quarter and eighth size.

    Layers are named ``scale1``, ``scale2``, ``scale4``, ``scale8`` after the factor by which the picture is
    averaged down; none depends on another. Weights are Glorot-uniform, as in the paper.

    Args:
        filters: channels of each scale.
        seed: of the weights.
    """

    def __init__(self, filters: int = 128, *, seed: int = 0) -> None:
        super().__init__()
        self.name = "random_filters"
        for scale in SCALES:
            field = ReceptiveField().then(scale, scale).then(KERNEL, padding=KERNEL // 2)
            self.add_layer(f"scale{scale}", filters, field)
        self.content_layers = {"scale2": 0.5, "scale4": 0.5}
        self.style_layers = dict.fromkeys(self.layers, 1 / len(self.layers))
        generator = torch.Generator().manual_seed(seed)
        self.filters = nn.ModuleDict()
        # Creating a convolution draws from the global generator; the caller's random numbers must not change.
        with torch.random.fork_rng(devices=[]):
            for layer in self.layers:
                conv = nn.Conv2d(
                    3, filters, KERNEL, padding=KERNEL // 2, padding_mode="replicate", bias=False
                )
                nn.init.xavier_uniform_(conv.weight, generator=generator)
                self.filters[layer] = conv

    def forward_layers(self, x: Tensor, layers: frozenset[str]) -> dict[str, Tensor]:
        features: dict[str, Tensor] = {}
        for layer in self.layers:
            if layer in layers:
                scale = self.strides[layer]
                smaller = F.avg_pool2d(x, scale, ceil_mode=True, count_include_pad=False)
                features[layer] = F.relu(self.filters[layer](smaller))
        return features
