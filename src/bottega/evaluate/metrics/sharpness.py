"""How sharp pictures are: the variance of the Laplacian, and the width of their edges."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import PictureError
from bottega.evaluate.metrics.edges import LUMA

# Edges are the steepest of all slopes, unless they are flatter than this.
STEEPEST = 0.1
FLATTEST = 0.01
FARTHEST = 16  # pixels to each side in which an edge must have reached its ends
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
    """The median width of the edges, in pixels; low is sharp.

    An edge goes from one extreme of the luma to the next (Marziliano et al. 2002, section 2). They take that
    whole distance, which faint tails of a blur make long; here the width is the difference of the extremes
    over the steepest slope between them, at right angles to the edge. A step from one pixel to the next has
    the width 1, one blurred by a Gaussian of deviation s has √(2π) s, whatever its height; a thin line is
    two edges. Looked at is the steepest tenth of all slopes. Unlike in the variance of the Laplacian,
    contrast does not matter.

    Args:
        pictures: ``(N, 3, H, W)``, sRGB in [0, 1], 16 pixels or more each way.

    Returns:
        ``(N,)``; NaN for a picture without any edge.

    Raises:
        PictureError: a picture is smaller.
    """
    luma = _luma(pictures)
    found = []
    for picture in luma:
        across, down = _widths(picture), _widths(picture.transpose(-1, -2))
        found.append(torch.cat([across, down]))
    nothing = luma.new_tensor(math.nan)
    return torch.stack([widths.median() if widths.numel() else nothing for widths in found])


def _luma(pictures: Tensor) -> Tensor:
    """``(N, 1, H, W)``, double: slopes are differences of nearly equal numbers."""
    if pictures.ndim != 4 or pictures.shape[1] != 3 or min(pictures.shape[-2:]) < SMALLEST_SIDE:
        raise PictureError(
            f"Sharpness is measured in pictures (N, 3, height, width) of {SMALLEST_SIDE} pixels or more each "
            f"way, not in {tuple(pictures.shape)}."
        )
    weights = torch.tensor(LUMA, dtype=torch.float64, device=pictures.device).view(1, 3, 1, 1)
    return (pictures.double() * weights).sum(dim=1, keepdim=True)


def _widths(luma: Tensor) -> Tensor:
    """Widths of all edges of ``(1, H, W)`` that are rather upright than level, measured along the rows."""
    values = luma[0]
    slope = values[:, 1:] - values[:, :-1]
    level = F.pad(values[2:] - values[:-2], (0, 0, 1, 1), mode="constant") / 2
    beside = (level[:, 1:] + level[:, :-1]) / 2
    steepness = torch.hypot(slope, beside)
    limit = max(torch.quantile(steepness, 1 - STEEPEST).item(), FLATTEST)
    size = slope.abs()
    before, after = F.pad(size, (1, 0))[:, :-1], F.pad(size, (0, 1))[:, 1:]
    chosen = (size >= before) & (size > after) & (size >= beside.abs()) & (steepness >= limit)
    sign = slope.sign()
    rise = size + _walk(slope, sign, 1) + _walk(slope, sign, -1)
    # Along a row a slanting edge is as much wider as it is slanted.
    upright = size / steepness.clamp_min(1e-12)
    return (rise / size.clamp_min(1e-12) * upright)[chosen]


def _walk(slope: Tensor, sign: Tensor, step: int) -> Tensor:
    """How much further the luma goes the same way, to one side, until it turns; ``(H, W - 1)``."""
    total = torch.zeros_like(slope)
    going = torch.ones_like(slope, dtype=torch.bool)
    for distance in range(1, FARTHEST + 1):
        pad = (0, distance) if step > 0 else (distance, 0)
        shifted = F.pad(slope, pad)
        shifted = shifted[:, distance:] if step > 0 else shifted[:, :-distance]
        going = going & (shifted * sign > 0)
        total = total + torch.where(going, shifted.abs(), 0.0)
    return total
