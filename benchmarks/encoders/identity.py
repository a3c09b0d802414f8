"""Style = content: does a picture stylized with itself stay, or come out of noise as, what it was?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from benchmarks.encoders.minimize import minimize
from benchmarks.encoders.synthesis import noise_like, style_loss
from bottega.encoders import Encoder
from bottega.evaluation import psnr
from bottega.losses import content_loss

# Beyond this the difference is under a fifth of an 8-bit step; equal pictures would be infinite.
MAX_PSNR_DB = 65.0


def identity(
    encoder: Encoder, pictures: Sequence[Tensor], *, start: str, term: str, iterations: int
) -> list[float]:
    """PSNR of every picture after its own stylization, at most `MAX_PSNR_DB` decibels.

    Args:
        start: ``"content"`` or ``"noise"``.
    """
    values = []
    for index, picture in enumerate(pictures):
        start_picture = (
            picture
            if start == "content"
            else noise_like(picture, (picture.shape[-2], picture.shape[-1]), index)
        )
        result = minimize(_loss(encoder, picture, term), start_picture, iterations)
        values.append(min(psnr(result, picture), MAX_PSNR_DB))
    return values


def _loss(encoder: Encoder, picture: Tensor, term: str) -> Callable[[Tensor], Tensor]:
    """Content and style loss with weight one each, both of the same picture."""
    style = style_loss(encoder, picture, term)
    with torch.no_grad():
        expected = encoder(picture, encoder.content_layers)

    def loss(current: Tensor) -> Tensor:
        features = encoder(current, encoder.content_layers)
        parts = [
            weight * content_loss(features[layer], expected[layer])
            for layer, weight in encoder.content_layers.items()
        ]
        return torch.stack(parts).sum() + style(current)

    return loss
