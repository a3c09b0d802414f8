"""Give every channel of a plain encoder the mean activation one, and make random baselines that are as fair.

Gatys et al. (2016) scale VGG so that the mean activation of each filter over images and positions is one;
ReLU networks let that be done in the weights without changing what later layers see.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bottega.encoders.plain import PlainEncoder

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
