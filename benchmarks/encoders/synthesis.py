"""Texture from noise: how near does a picture come to a painting when the style loss alone draws it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from benchmarks.encoders.minimize import minimize
from bottega.encoders import Encoder
from bottega.evaluation import sliced_wasserstein
from bottega.losses import STYLE_TERMS


def style_loss(encoder: Encoder, target: Tensor, term: str) -> Callable[[Tensor], Tensor]:
    """The style loss against ``target`` over the encoder's style layers, as a function of a picture."""
    style = STYLE_TERMS[term]()
    with torch.no_grad():
        features = encoder(target, encoder.network_style_layers)
        targets = {layer: style.mix([style.measure(features[layer])], [1.0]) for layer in features}

    def loss(picture: Tensor) -> Tensor:
        features = encoder(picture, encoder.network_style_layers)
        parts = [
            weight * style.distance(style.measure(features[layer]), targets[layer])
            for layer, weight in encoder.network_style_layers.items()
        ]
        return torch.stack(parts).sum()

    return loss


def noise_like(target: Tensor, size: tuple[int, int], seed: int) -> Tensor:
    """Independent Gaussian pixels with the target's mean and covariance of channels, clamped to [0, 1].

    ``(1, 3, *size)``. All methods so start from the right palette, and only the texture remains to be found.
    """
    pixels = target[0].flatten(1)
    generator = torch.Generator().manual_seed(seed)
    values, vectors = torch.linalg.eigh(torch.cov(pixels).double())
    root = (vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.T).to(pixels.dtype)
    grain = root @ torch.randn(3, size[0] * size[1], generator=generator)
    return (pixels.mean(1, keepdim=True) + grain).clamp(0, 1).view(1, 3, *size)


def synthesize(
    encoder: Encoder,
    targets: Sequence[Tensor],
    size: tuple[int, int],
    *,
    term: str,
    iterations: int,
    seed: int = 0,
) -> list[Tensor]:
    """One texture ``(1, 3, *size)`` for each target.

    Make it smaller than the targets: second moments of coarse features over few positions all but
    determine a picture of the same size, and what looks like a texture is then a copy with its layout.
    """
    return [
        minimize(style_loss(encoder, target, term), noise_like(target, size, seed + index), iterations)
        for index, target in enumerate(targets)
    ]


def texture_distances(textures: Sequence[Tensor], targets: Sequence[Tensor]) -> list[float]:
    """The feature-free distance of every texture to its target."""
    return [sliced_wasserstein(a, b).mean for a, b in zip(textures, targets, strict=True)]
