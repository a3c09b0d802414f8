"""How sharp pictures are: the variance of the Laplacian, and the width of their edges."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import PictureError
from bottega.evaluate.edges import LUMA
from bottega.layers import gaussian_blur

# Deviations, in pixels, of the two Gaussians through which edges are looked at.
FINE, COARSE = 1.0, 2.0
# Central differences see slopes through a box two pixels long in each axis, which has this variance.
DIFFERENCE = 1 / 3
# From 10 to 90 % of a step that was blurred by a Gaussian of deviation one.
RISE = 2 * 1.2815515655446004
# Of all pixels, those of the steepest slopes are looked at; flatter ones than this are no edges.
STEEPEST = 0.1
FLATTEST = 0.01
SMALLEST_SIDE = 16


def laplacian_variance(pictures: Tensor) -> Tensor:
    """The variance of the Laplacian of the luma (Pech-Pacheco et al. 2000), in the usual 8-bit units squared.

    High for sharp pictures, and also for noisy or finely patterned ones: compare pictures of one size and
        kind.

    Args:
        pictures: ``(N, 3, H, W)``, sRGB in [0, 1], 16 pixels or more each way.

    Returns:
        ``(N,)``.

    Raises:
        PictureError: a picture is smaller.
    """
    luma = 255 * _luma(pictures)
    around = luma[..., 1:-1, 2:] + luma[..., 1:-1, :-2] + luma[..., 2:, 1:-1] + luma[..., :-2, 1:-1]
    return (around - 4 * luma[..., 1:-1, 1:-1]).flatten(1).var(dim=1, correction=0)


def edge_width(pictures: Tensor) -> Tensor:
    """The median width of the edges, from 10 to 90 % of the rise, in pixels; low is sharp.

    After Zhuo & Sim 2011 (Pattern Recognition 44, equations 6 to 8): seen through two Gaussians, the slope
    of a step that was itself blurred falls by a ratio that tells the deviation of that blur, whatever the
    step's height. Looked at are the ridges of the steepest tenth of all slopes. Unlike the Laplacian,
    contrast does not matter, and noise little.

    Args:
        pictures: ``(N, 3, H, W)``, sRGB in [0, 1], 16 pixels or more each way.

    Returns:
        ``(N,)``; NaN for a picture without any edge. A step from one pixel to the next has about 0.7.

    Raises:
        PictureError: a picture is smaller.
    """
    luma = _luma(pictures)
    fine, coarse = _slope(luma, FINE), _slope(luma, COARSE)
    upright = fine[:, :1].abs() >= fine[:, 1:].abs()
    # The variance of the blur follows from both slopes: fine / coarse = sqrt((v + COARSE²) / (v + FINE²)).
    ratio = (_peak(fine, upright) / _peak(coarse, upright)).square()
    variance = (COARSE**2 - ratio * FINE**2) / (ratio - 1).clamp_min(1e-3) - _difference(fine)
    widths = RISE * variance.clamp_min(0).sqrt()
    ridges = _ridges(fine, upright)
    found = [width[ridge] for width, ridge in zip(widths, ridges, strict=True)]
    nothing = widths.new_tensor(math.nan)
    return torch.stack([width.median() if width.numel() else nothing for width in found])


def _luma(pictures: Tensor) -> Tensor:
    """``(N, 1, H, W)``, double: slopes are differences of nearly equal numbers."""
    if pictures.ndim != 4 or pictures.shape[1] != 3 or min(pictures.shape[-2:]) < SMALLEST_SIDE:
        raise PictureError(
            f"Sharpness is measured in pictures (N, 3, height, width) of {SMALLEST_SIDE} pixels or more each "
            f"way, not in {tuple(pictures.shape)}."
        )
    weights = torch.tensor(LUMA, dtype=torch.float64, device=pictures.device).view(1, 3, 1, 1)
    return (pictures.double() * weights).sum(dim=1, keepdim=True)


def _slope(luma: Tensor, sigma: float) -> Tensor:
    """The gradient of the blurred luma, ``(N, 2, H - 2, W - 2)``: across, down."""
    blurred = gaussian_blur(luma, sigma)
    across = (blurred[..., 1:-1, 2:] - blurred[..., 1:-1, :-2]) / 2
    down = (blurred[..., 2:, 1:-1] - blurred[..., :-2, 1:-1]) / 2
    return torch.cat([across, down], dim=1)


def _difference(slope: Tensor) -> Tensor:
    """The variance that central differences add across an edge of this direction, ``(N, h, w)``."""
    across, down = slope.square().unbind(dim=1)
    return DIFFERENCE * (across**2 + down**2) / (across + down).square().clamp_min(1e-24)


def _peak(slope: Tensor, upright: Tensor) -> Tensor:
    """The steepness where it is greatest between a pixel and its neighbours across the edge, ``(N, h, w)``.

    A blurred step has a slope of the shape of a Gaussian, whose logarithm is a parabola through three pixels.
    """
    here = slope.norm(dim=1, keepdim=True).clamp_min(1e-12)
    before, after = (side.log() for side in _beside(here, upright))
    bend = before + after - 2 * here.log()
    rise = torch.where(bend < 0, (after - before).square() / (-8 * bend).clamp_min(1e-12), 0.0)
    # Half a pixel off the peak is the most there can be; more comes from other edges nearby.
    return (here * rise.clamp_max(-bend.clamp_max(0) / 8).exp())[:, 0]


def _ridges(slope: Tensor, upright: Tensor) -> Tensor:
    """Where the slope is steep and steeper than before and after it across the edge, ``(N, h, w)``."""
    steepness = slope.norm(dim=1, keepdim=True)
    before, after = _beside(steepness, upright)
    steep = torch.quantile(steepness.flatten(1), 1 - STEEPEST, dim=1).view(-1, 1, 1, 1).clamp_min(FLATTEST)
    return ((steepness >= before) & (steepness >= after) & (steepness >= steep))[:, 0]


def _beside(values: Tensor, upright: Tensor) -> tuple[Tensor, Tensor]:
    """The neighbours to the left and right of upright edges, above and below the others."""
    padded = F.pad(values, (1, 1, 1, 1), mode="replicate")
    before = torch.where(upright, padded[..., 1:-1, :-2], padded[..., :-2, 1:-1])
    after = torch.where(upright, padded[..., 1:-1, 2:], padded[..., 2:, 1:-1])
    return before, after
