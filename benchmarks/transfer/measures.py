"""Measures of a stylized picture: distance to the style, preservation of the content."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.evaluation import TextureDistance, edge_agreement, sliced_wasserstein, ssim, style_distance

PROTOCOL = 2
"""Increase it when a measure or the pictures' size changes; scores with another number are ignored."""

MEASURES = {
    "style": "distance to the style",
    "style_texture": "distance in texture",
    "style_encoder": "distance to an untrained encoder",
    "content": "agreement of edges",
    "ssim": "SSIM of luminance",
}
"""Columns of the tables. The style distances are better where lower, the two of content where higher."""

STYLE_MEASURES = ("style", "style_texture", "style_encoder")
CONTENT_MEASURES = ("content", "ssim")

PATCHES, DIRECTIONS = 4096, 128
"""Of the sliced distances: a sixth of the time of the defaults; figures come out 2 % lower, for all alike."""

LUMA = (0.2126, 0.7152, 0.0722)
FLATTEST = 1e-3
"""A picture that hardly varies is not stretched as if it deviated less than this."""


@dataclass(frozen=True)
class Scores:
    """Scores of one stylized picture.

    Attributes:
        style: sliced Wasserstein distance of Laplacian-pyramid patches to the style; lower is nearer.
        style_texture: the same on luminances of equal mean and deviation, without the pyramid's low-pass
            rest, whose patches see layout: texture and stroke without palette or contrast.
        content: agreement of edge orientations with the content; higher is nearer.
        ssim: structural similarity of luminances with the content; higher is nearer.
        style_encoder: style distance by an encoder that no training used; None where no
            encoder was given.
    """

    style: float
    style_texture: float
    content: float
    ssim: float
    style_encoder: float | None = None


@torch.no_grad()
def measure(stylized: Tensor, content: Tensor, style: Tensor, encoder: Encoder | None = None) -> Scores:
    """Score ``stylized (1, 3, H, W)`` against the content of the same size and the style of any size.

    Raises:
        PictureError: sizes that do not fit, or pictures below 32 pixels.
    """
    bands = _sliced(equal_contrast(stylized), equal_contrast(style), in_range=False).levels[:-1]
    return Scores(
        style=_sliced(stylized, style).mean,
        style_texture=sum(bands) / len(bands),
        content=edge_agreement(stylized, content),
        ssim=ssim(luminance(stylized), luminance(content)),
        style_encoder=None if encoder is None else style_distance(encoder, stylized, style),
    )


def luminance(picture: Tensor) -> Tensor:
    """Rec. 709 luma of sRGB values, ``(N, 1, H, W)``."""
    return (picture * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def equal_contrast(picture: Tensor) -> Tensor:
    """The luminance with mean 0 and deviation 1, in three equal channels ``(N, 3, H, W)``."""
    luma = luminance(picture)
    deviation = luma.std((2, 3), keepdim=True, correction=0).clamp_min(FLATTEST)
    return ((luma - luma.mean((2, 3), keepdim=True)) / deviation).expand(-1, 3, -1, -1)


def _sliced(picture: Tensor, target: Tensor, in_range: bool = True) -> TextureDistance:
    return sliced_wasserstein(picture, target, patches=PATCHES, directions=DIRECTIONS, in_range=in_range)
