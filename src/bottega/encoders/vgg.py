"""VGG-style encoders, stacks of 3 × 3 convolutions and ReLUs: VGG-16, VGG-19 and our own small one.

Such stacks suit style statistics better than residual networks, whose activations are peaky
(Wang et al. 2021, arXiv 2104.05623). The state dict has the layout of torchvision's VGG files
(``features.0.weight`` …), so that published weights load; their classifier is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.encoders.base import ReceptiveField, SequentialEncoder, normalize_layer_weights

Pooling = Literal["average", "max"]
PaddingMode = Literal["replicate", "zeros"]


class VGGEncoder(SequentialEncoder):
    """A stack of stages: ``depths[s]`` convolutions of ``widths[s]`` channels, each stage at half the size.

    Layers are named ``relu<stage>_<convolution>`` from one, as in the literature. Only the first convolution
    pads by repeating the border (published networks were trained with zeros in the deeper ones, where the
    border weighs little); pooling keeps the odd last row and column.

    Args:
        name: in recipes and error messages.
        widths: one number per stage.
        depths: likewise.
        content_layers: layer weights; normalized here to sum to one.
        style_layers: likewise.
        pooling: ``"average"`` passes smoother gradients to the picture (Gatys et al. 2016); ``"max"`` is what
            published classifiers were trained with.
        padding_mode: of convolutions after the first; ``"zeros"`` is what published classifiers were trained
            with, but gives the border features of its own, which an optimized picture exploits.
        batch_norm: for training only; :meth:`fold_batch_norm` removes it.
    """

    def __init__(
        self,
        name: str,
        widths: Sequence[int],
        depths: Sequence[int],
        *,
        content_layers: Mapping[str, float],
        style_layers: Mapping[str, float],
        pooling: Pooling = "average",
        padding_mode: PaddingMode = "zeros",
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.name, self.pooling, self.padding_mode = name, pooling, padding_mode
        self.widths, self.depths = tuple(widths), tuple(depths)
        in_channels, field = 3, ReceptiveField()
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True), start=1):
            for index in range(1, depth + 1):
                mode: PaddingMode = padding_mode if self.layers else "replicate"
                self.features.append(
                    nn.Conv2d(in_channels, width, 3, padding=1, padding_mode=mode, bias=not batch_norm)
                )
                if batch_norm:
                    self.features.append(nn.BatchNorm2d(width))
                self.features.append(nn.ReLU())
                in_channels, field = width, field.then(3, padding=1)
                self.add_layer(f"relu{stage}_{index}", width, field)
            if stage < len(widths):
                self.features.append(_Pooling(pooling))
                field = field.then(2, 2)
        self.content_layers = normalize_layer_weights(content_layers)
        self.style_layers = normalize_layer_weights(style_layers)
        self.check_layers([*self.content_layers, *self.style_layers])

    def convolutions(self) -> list[nn.Conv2d]:
        """The convolutions, shallow to deep, one for each name in :attr:`layers`."""
        return [module for module in self.features if isinstance(module, nn.Conv2d)]

    def fold_batch_norm(self) -> VGGEncoder:
        """The same function without batch norm, its running statistics folded into the convolutions."""
        folded = VGGEncoder(
            self.name,
            self.widths,
            self.depths,
            content_layers=self.content_layers,
            style_layers=self.style_layers,
            pooling=self.pooling,
            padding_mode=self.padding_mode,
        )
        modules = list(self.features)
        with torch.no_grad():
            for target, source in zip(folded.convolutions(), self.convolutions(), strict=True):
                norm = modules[modules.index(source) + 1]
                assert isinstance(norm, nn.BatchNorm2d)
                assert norm.running_mean is not None
                assert norm.running_var is not None
                assert target.bias is not None
                gain = norm.weight / (norm.running_var + norm.eps).sqrt()
                target.weight.copy_(source.weight * gain.view(-1, 1, 1, 1))
                target.bias.copy_(norm.bias - norm.running_mean * gain)
        return folded


class _Pooling(nn.Module):
    """Halve the size; an odd last row or column is pooled over its own pixels only."""

    def __init__(self, pooling: Pooling) -> None:
        super().__init__()
        self.pooling = pooling

    def forward(self, x: Tensor) -> Tensor:
        if self.pooling == "max":
            return F.max_pool2d(x, 2, ceil_mode=True)
        return F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)


# A channel whose mean activation is below this share of the layer's keeps its scale: dividing by almost zero
# would let it dominate.
MIN_RELATIVE_ACTIVATION = 1e-3


@torch.no_grad()
def normalize_activations(encoder: VGGEncoder, pictures: Tensor) -> VGGEncoder:
    """Rescale ``encoder`` in place so that each channel's mean activation on ``pictures`` is one.

    Gatys et al. (2016) scale VGG so. The next convolution divides by the same factor, so the whole network
    changes only by each layer's own positive scale.

    Args:
        encoder: without batch norm.
        pictures: ``(N, 3, H, W)``, natural pictures, sRGB in [0, 1].

    Returns:
        The same object.
    """
    next_convolutions = [*encoder.convolutions()[1:], None]
    for layer, conv, following in zip(encoder.layers, encoder.convolutions(), next_convolutions, strict=True):
        mean = encoder(pictures, [layer])[layer].float().mean(dim=(0, 2, 3))
        scale = torch.where(mean > MIN_RELATIVE_ACTIVATION * mean.mean(), mean, torch.ones_like(mean))
        conv.weight /= scale.view(-1, 1, 1, 1)
        if conv.bias is not None:
            conv.bias /= scale
        if following is not None:
            following.weight *= scale.view(1, -1, 1, 1)
    return encoder
