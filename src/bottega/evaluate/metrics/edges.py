"""Whether the drawing survives a restyling: do edges still run where and as they ran?"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.evaluate.metrics.psnr_ssim import same_shape
from bottega.layers import gaussian_blur

# Rec. 709 luma of sRGB values.
LUMA = (0.2126, 0.7152, 0.0722)


def edge_agreement(picture: Tensor, reference: Tensor, sigma: float = 1.5) -> float:
    """Agreement of edge orientations, 1 for equal pictures, 0 for unrelated ones, -1 for crossed edges.

    The structure tensor (Bigün & Granlund 1987) of both luminances is averaged over a Gaussian; its
    orientation in double-angle form ignores which side of an edge is the lighter. The result is the mean
    cosine between the two, weighted by the reference's edge strength, so only edges that the reference has
    count, and a change of contrast or colours alone costs nothing.

    Args:
        picture, reference: ``(N, 3, H, W)`` of one shape, in [0, 1].
        sigma: deviation of the Gaussian, in pixels.

    Raises:
        PictureError: the shapes differ.
    """
    same_shape(picture, reference)
    found, expected = _orientation(picture, sigma), _orientation(reference, sigma)
    strength = expected.norm(dim=1)
    cosine = F.cosine_similarity(found, expected, dim=1, eps=1e-12)
    return ((strength * cosine).sum() / strength.sum().clamp_min(1e-12)).item()


def _orientation(picture: Tensor, sigma: float) -> Tensor:
    """Double-angle orientation vectors ``(N, 2, H - 2, W - 2)``; their length is the edge strength."""
    luma = (picture.double() * torch.tensor(LUMA, dtype=torch.float64).view(1, 3, 1, 1)).sum(1, keepdim=True)
    across = (luma[..., 1:-1, 2:] - luma[..., 1:-1, :-2]) / 2
    down = (luma[..., 2:, 1:-1] - luma[..., :-2, 1:-1]) / 2
    return gaussian_blur(torch.cat([across**2 - down**2, 2 * across * down], dim=1), sigma)
