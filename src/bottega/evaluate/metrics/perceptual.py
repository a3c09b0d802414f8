"""How different two pictures look, by the features of an encoder: the LPIPS-type distance."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.encoders import Encoder
from bottega.evaluate.metrics.psnr_ssim import same_shape


@torch.no_grad()
def perceptual_distance(encoder: Encoder, pictures: Tensor, references: Tensor) -> Tensor:
    """The distance of Zhang et al. 2018 (arXiv 1801.03924, equation 1), every channel weighted alike.

    Features of each layer are scaled to length one at every position; the squared differences are summed over
    channels, averaged over positions and summed over layers. The published figures named LPIPS use weights
    per channel that were fitted to human judgements; these do not, and they name their encoder.

    Args:
        encoder: its own style layers are compared.
        pictures, references: ``(N, 3, H, W)`` of one shape, in [0, 1].

    Returns:
        ``(N,)``, 0 for equal pictures, at most 2 per layer (and with ReLUs, 2 only where nothing is shared).

    Raises:
        PictureError: the shapes differ.
    """
    same_shape(pictures, references)
    layers = tuple(encoder.own_style_layers)
    first, second = encoder(pictures, layers), encoder(references, layers)
    distances = [
        (_unit(first[layer]) - _unit(second[layer])).square().sum(dim=1).mean(dim=(1, 2)) for layer in layers
    ]
    return torch.stack(distances).sum(dim=0)


def _unit(features: Tensor) -> Tensor:
    return F.normalize(features.float(), dim=1, eps=1e-10)
