"""Plain stacks of 3×3 convolutions and ReLUs: our own small encoder, VGG-16 and VGG-19 are all of them.

Plain stacks suit style statistics better than residual networks, whose activations are peaky
(Wang et al. 2021, arXiv 2104.05623). The state dict has the layout of torchvision's VGG files
(``features.0.weight`` …), so that published weights load; their classifier is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.encoders.base import Encoder, shares, without_network

Pooling = Literal["average", "max"]
Borders = Literal["replicate", "zeros"]


class PlainEncoder(Encoder):
    """``depths[s]`` convolutions of ``widths[s]`` channels in stage ``s``, halving the size between stages.

    Layers are named ``relu<stage>_<convolution>`` from one, as in the literature. Only the first convolution
    pads by repeating the border (published networks were trained with zeros in the deeper ones, where the
    border weighs little); pooling keeps the odd last row and column.

    Args:
        name: what recipes call it.
        widths, depths: one number per stage.
        content_layers, style_layers: layer weights; scaled here to sum to one.
        pooling: ``"average"`` passes smoother gradients to the picture (Gatys et al. 2016); ``"max"`` is what
            published classifiers were trained with.
        borders: how convolutions after the first pad; ``"zeros"`` is what published classifiers were trained
            with, but gives a border features of its own, which a result then abuses to meet its statistics.
        batch_norm: for training only; :meth:`folded` removes it.
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
        borders: Borders = "zeros",
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.name, self.pooling, self.borders = name, pooling, borders
        self.widths, self.depths = tuple(widths), tuple(depths)
        self.features = nn.Sequential()
        self.taps: dict[int, str] = {}
        self.channels, self.strides, self.reach = without_network()
        incoming, stride, reach = 3, 1, 0
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True), start=1):
            for index in range(1, depth + 1):
                mode: Borders = borders if self.taps else "replicate"
                self.features.append(
                    nn.Conv2d(incoming, width, 3, padding=1, padding_mode=mode, bias=not batch_norm)
                )
                if batch_norm:
                    self.features.append(nn.BatchNorm2d(width))
                self.features.append(nn.ReLU())
                incoming, reach, layer = width, reach + stride, f"relu{stage}_{index}"
                self.taps[len(self.features) - 1] = layer
                self.channels[layer], self.strides[layer], self.reach[layer] = width, stride, reach
            if stage < len(widths):
                self.features.append(_Pool(pooling))
                reach, stride = reach + stride, stride * 2
        self.layers = tuple(self.taps.values())
        self.content_layers, self.style_layers = shares(content_layers), shares(style_layers)
        self.check_layers([*self.content_layers, *self.style_layers])

    def features_at(self, scaled: Tensor, wanted: frozenset[str]) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        x = scaled
        for index, module in enumerate(self.features):
            x = module(x)
            layer = self.taps.get(index)
            if layer in wanted:
                found[layer] = x
                if len(found) == len(wanted):
                    break
        return found

    def convolutions(self) -> list[nn.Conv2d]:
        """The convolutions, shallow to deep: one for each name in :attr:`layers`."""
        return [module for module in self.features if isinstance(module, nn.Conv2d)]

    def folded(self) -> PlainEncoder:
        """The same function without batch norm, its running statistics folded into the convolutions."""
        plain = PlainEncoder(
            self.name,
            self.widths,
            self.depths,
            content_layers=self.content_layers,
            style_layers=self.style_layers,
            pooling=self.pooling,
            borders=self.borders,
        )
        modules = list(self.features)
        with torch.no_grad():
            for target, position in zip(
                plain.convolutions(),
                (i for i, module in enumerate(modules) if isinstance(module, nn.Conv2d)),
                strict=True,
            ):
                source, norm = modules[position], modules[position + 1]
                assert isinstance(source, nn.Conv2d)
                assert isinstance(norm, nn.BatchNorm2d)
                assert norm.running_mean is not None
                assert norm.running_var is not None
                assert target.bias is not None
                gain = norm.weight / (norm.running_var + norm.eps).sqrt()
                target.weight.copy_(source.weight * gain.view(-1, 1, 1, 1))
                target.bias.copy_(norm.bias - norm.running_mean * gain)
        return plain


class _Pool(nn.Module):
    """Halve the size; an odd last row or column is pooled over what there is of it."""

    def __init__(self, pooling: Pooling) -> None:
        super().__init__()
        self.pooling = pooling

    def forward(self, x: Tensor) -> Tensor:
        if self.pooling == "max":
            return F.max_pool2d(x, 2, ceil_mode=True)
        return F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)


# A channel that hardly ever fires keeps its scale: dividing by almost nothing would make it the loudest.
QUIET = 1e-3


@torch.no_grad()
def normalise_activations(encoder: PlainEncoder, pictures: Tensor) -> PlainEncoder:
    """Rescale ``encoder`` in place so that each channel's mean activation on ``pictures`` is one.

    The next convolution divides by the same factor, so the function of the whole net changes only by
    each layer's own positive scale.

    Args:
        encoder: without batch norm.
        pictures: ``(N, 3, H, W)``, natural pictures, sRGB in [0, 1].

    Returns:
        The same object.
    """
    following = [*encoder.convolutions()[1:], None]
    for layer, conv, after in zip(encoder.layers, encoder.convolutions(), following, strict=True):
        mean = encoder(pictures, [layer])[layer].float().mean(dim=(0, 2, 3))
        scale = torch.where(mean > QUIET * mean.mean(), mean, torch.ones_like(mean))
        conv.weight /= scale.view(-1, 1, 1, 1)
        if conv.bias is not None:
            conv.bias /= scale
        if after is not None:
            after.weight *= scale.view(1, -1, 1, 1)
    return encoder


@torch.no_grad()
def data_dependent_init(encoder: PlainEncoder, pictures: Tensor, *, seed: int = 0) -> PlainEncoder:
    """Random weights made as good as data alone can: the strong baseline that training has to beat.

    Orthogonal random filters, then layer by layer the pre-activations of every channel are shifted and
    scaled to mean 0 and deviation 1 on ``pictures`` (LSUV, Mishkin & Matas 2016, with biases as well), and
    at last every channel's mean activation is made one.
    """
    generator = torch.Generator().manual_seed(seed)
    for layer, conv in zip(encoder.layers, encoder.convolutions(), strict=True):
        nn.init.orthogonal_(conv.weight, gain=2**0.5, generator=generator)
        assert conv.bias is not None
        # A large bias keeps the ReLU open, so that the layer shows its pre-activation.
        conv.bias.fill_(1e4)
        before = encoder(pictures, [layer])[layer].float() - 1e4
        mean, deviation = before.mean(dim=(0, 2, 3)), before.std(dim=(0, 2, 3)).clamp_min(1e-6)
        conv.weight /= deviation.view(-1, 1, 1, 1)
        conv.bias.copy_(-mean / deviation)
    return normalise_activations(encoder, pictures)
