"""Structural similarity at several scales: MS-SSIM."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import PictureError
from bottega.evaluate.metrics.psnr_ssim import WINDOW, same_shape, ssim_terms

# Fitted by the paper to the judgement of eight observers, from the finest scale to the coarsest.
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def ms_ssim(picture: Tensor, reference: Tensor) -> float:
    """Multi-scale structural similarity (Wang, Simoncelli & Bovik 2003, equation 7), 1 for equal pictures.

    Contrast and structure are compared at each scale, luminance at the coarsest alone; from scale to scale
    the pictures are averaged over 2 × 2 pixels. All five scales need 176 pixels each way. Smaller pictures,
    which the paper leaves out, are compared at as many scales as they have, with the weights of those scaled
    up to the same sum; such figures are not comparable with those of larger pictures. A scale where
    structures are opposed counts as 0. Each channel of each picture has its own product; their mean is
    returned.

    Args:
        picture, reference: ``(N, C, H, W)`` of one shape, in [0, 1], at least 11 pixels each way.

    Raises:
        PictureError: the shapes differ, or the pictures are smaller than the window.
    """
    same_shape(picture, reference)
    short = min(picture.shape[-2:])
    if short < WINDOW:
        raise PictureError(f"MS-SSIM needs pictures of {WINDOW} pixels or more each way; these have {short}.")
    scales = sum(short // 2**scale >= WINDOW for scale in range(len(WEIGHTS)))
    whole = sum(WEIGHTS) / sum(WEIGHTS[:scales])
    weights = [weight * whole for weight in WEIGHTS[:scales]]
    x, y = picture.double(), reference.double()
    product = torch.ones(x.shape[:2], dtype=torch.float64)
    for scale, weight in enumerate(weights):
        luminance, structure = ssim_terms(x, y)
        last = scale == scales - 1
        similarity = (luminance * structure if last else structure).mean(dim=(2, 3))
        product = product * similarity.clamp_min(0) ** weight
        if not last:
            x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    return product.mean().item()
