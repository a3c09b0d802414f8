"""How near a picture comes to one it should equal: peak signal-to-noise ratio and structural similarity."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import PictureError

WINDOW = 11
SIGMA = 1.5
K1, K2 = 0.01, 0.03


def psnr(picture: Tensor, reference: Tensor) -> float:
    """Peak signal-to-noise ratio, 10 · log₁₀(1 / mean squared error), in decibels; infinite for equals.

    Args:
        picture, reference: ``(N, C, H, W)`` of one shape, in [0, 1]; the mean runs over everything.

    Raises:
        PictureError: the shapes differ.
    """
    same_shape(picture, reference)
    error = (picture.double() - reference.double()).square().mean().item()
    return math.inf if error == 0 else -10 * math.log10(error)


def ssim(picture: Tensor, reference: Tensor) -> float:
    """Structural similarity (Wang, Bovik, Sheikh & Simoncelli 2004, equation 13), 1 for equal pictures.

    As in the paper: an 11 × 11 Gaussian window of deviation 1.5, K₁ = 0.01, K₂ = 0.03, weighted population
    variances, and only windows that lie wholly inside the picture. The paper compares luminance; here
    each channel is compared and the mean over everything returned.

    Args:
        picture, reference: ``(N, C, H, W)`` of one shape, in [0, 1], at least 11 pixels each way.

    Raises:
        PictureError: the shapes differ, or the pictures are smaller than the window.
    """
    same_shape(picture, reference)
    if min(picture.shape[-2:]) < WINDOW:
        raise PictureError(
            f"Structural similarity needs pictures of {WINDOW} × {WINDOW} pixels or more; "
            f"these have {picture.shape[-1]} × {picture.shape[-2]}."
        )
    luminance, structure = ssim_terms(picture, reference)
    return (luminance * structure).mean().item()


def ssim_terms(picture: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """The two factors of structural similarity at every window, each ``(N, C, H - 10, W - 10)``.

    They are the paper's l and c · s (equations 6 and 9 with 10, where C₃ is C₂ / 2); double precision, as
    variances are differences of nearly equal numbers.
    """
    x, y = picture.double(), reference.double()
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


def same_shape(picture: Tensor, reference: Tensor) -> None:
    """Refuse to compare pictures of different shapes, which broadcasting would let pass."""
    if picture.shape != reference.shape:
        raise PictureError(
            f"Only pictures of one size can be compared pixel by pixel; these have the shapes "
            f"{tuple(picture.shape)} and {tuple(reference.shape)}."
        )
