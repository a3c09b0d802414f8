"""How close a picture is to the one it should equal: PSNR, SSIM and MS-SSIM.

All raise PictureError for different shapes, too small pictures, and values outside [0, 1].
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.evaluation.metrics.checks import check_pictures

WINDOW = 11
SIGMA = 1.5
K1, K2 = 0.01, 0.03
# Fitted by Wang et al. 2003 to the judgment of eight observers, from the finest scale to the coarsest.
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def psnr(picture: Tensor, reference: Tensor) -> float:
    """Peak signal-to-noise ratio, 10 · log₁₀(1 / mean squared error), in decibels; infinite for equals.

    Args:
        picture: ``(N, C, H, W)`` of one shape, in [0, 1]; the mean runs over everything.
        reference: likewise.

    Example:
        >>> psnr(torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 0.1))  # 20 dB
    """
    check_pictures(picture, reference)
    error = (picture.double() - reference.double()).square().mean().item()
    return math.inf if error == 0 else -10 * math.log10(error)


def ssim(picture: Tensor, reference: Tensor) -> float:
    """Structural similarity (Wang, Bovik, Sheikh & Simoncelli 2004, equation 13), 1 for equal pictures.

    As in the paper: an 11 × 11 Gaussian window of deviation 1.5, K₁ = 0.01, K₂ = 0.03, weighted population
    variances, and only windows that lie wholly inside the picture. The paper compares luminance; here
    each channel is compared and the mean over everything returned.

    Args:
        picture: ``(N, C, H, W)`` of one shape, in [0, 1], at least 11 pixels each way.
        reference: likewise.
    """
    check_pictures(picture, reference, min_side=WINDOW)
    luminance, structure = _ssim_terms(picture.double(), reference.double())
    return (luminance * structure).mean().item()


def ms_ssim(picture: Tensor, reference: Tensor) -> float:
    """Multi-scale structural similarity (Wang, Simoncelli & Bovik 2003, equation 7), 1 for equal pictures.

    Contrast and structure are compared at each scale, luminance at the coarsest alone; from scale to scale
    the pictures are averaged over 2 × 2 pixels. All five scales need 176 pixels each way. Smaller pictures,
    which the paper leaves out, are compared at as many scales as fit, with their weights scaled up to the
    same sum; such values are not comparable with those of larger pictures. A scale with opposed structures
    counts as 0. Returned is the mean of the products of all channels and pictures.

    Args:
        picture: ``(N, C, H, W)`` of one shape, in [0, 1], at least 11 pixels each way.
        reference: likewise.
    """
    check_pictures(picture, reference, min_side=WINDOW)
    scales = sum(min(picture.shape[-2:]) // 2**scale >= WINDOW for scale in range(len(SCALE_WEIGHTS)))
    rescale = sum(SCALE_WEIGHTS) / sum(SCALE_WEIGHTS[:scales])
    x, y = picture.double(), reference.double()
    product = torch.ones(x.shape[:2], dtype=torch.float64)
    for scale, weight in enumerate(SCALE_WEIGHTS[:scales]):
        luminance, structure = _ssim_terms(x, y)
        last = scale == scales - 1
        similarity = (luminance * structure if last else structure).mean(dim=(2, 3))
        product = product * similarity.clamp_min(0) ** (weight * rescale)
        if not last:
            x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    return product.mean().item()


def _ssim_terms(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The factors l and c · s of SSIM (equations 6 and 9 with 10, C₃ = C₂ / 2) at every window.

    Takes double precision, as variances are differences of nearly equal numbers; returns ``(N, C, H - 10,
    W - 10)`` each.
    """
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    var_x = _window_mean(x * x) - mean_x**2
    var_y = _window_mean(y * y) - mean_y**2
    covariance = _window_mean(x * y) - mean_x * mean_y
    c1, c2 = K1**2, K2**2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return luminance, (2 * covariance + c2) / (var_x + var_y + c2)


def _window_mean(x: Tensor) -> Tensor:
    """Gaussian-weighted mean of every window inside the picture, ``(N, C, H - 10, W - 10)``."""
    offset = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    weights = torch.exp(-(offset**2) / (2 * SIGMA**2))
    weights = weights / weights.sum()
    planes = x.flatten(0, 1).unsqueeze(1)
    planes = F.conv2d(planes, weights.view(1, 1, -1, 1))
    planes = F.conv2d(planes, weights.view(1, 1, 1, -1))
    return planes.view(*x.shape[:2], *planes.shape[-2:])
