"""Edges: how sharp they are (Laplacian variance, edge width), and whether they run as in a reference.

All raise PictureError for other shapes, too small pictures, and values outside [0, 1].
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.evaluation.metrics.checks import check_pictures
from bottega.layers import edge_orientation, luma

STEEPEST_SHARE = 0.1  # edges are the steepest tenth of all slopes ...
MIN_SLOPE = 0.01  # ... unless they are flatter than this
MAX_EDGE_REACH_PIXELS = 16  # to each side, within which an edge must reach its extremes
MIN_SIDE_PIXELS = 16


def laplacian_variance(pictures: Tensor) -> Tensor:
    """The variance of the Laplacian of the luma (Pech-Pacheco et al. 2000), in 8-bit units squared.

    High for sharp pictures, but also for noisy or finely patterned ones: compare pictures of one size and
    kind.

    Args:
        pictures: ``(N, 3, H, W)``, sRGB in [0, 1], 16 pixels or more each way.

    Returns:
        ``(N,)``.
    """
    check_pictures(pictures, channels=3, min_side=MIN_SIDE_PIXELS)
    y = 255 * luma(pictures)
    around = y[..., 1:-1, 2:] + y[..., 1:-1, :-2] + y[..., 2:, 1:-1] + y[..., :-2, 1:-1]
    return (around - 4 * y[..., 1:-1, 1:-1]).flatten(1).var(dim=1, correction=0)


def edge_width(pictures: Tensor) -> Tensor:
    """The median width of the edges, in pixels; low is sharp.

    An edge goes from one extreme of the luma to the next (Marziliano et al. 2002, section 2). They take that
    whole distance, which faint tails of a blur make long; here the width is the difference of the extremes
    over the steepest slope between them, at right angles to the edge. A step from one pixel to the next has
    the width 1, one blurred by a Gaussian of deviation s has √(2π) s, whatever its height; a thin line is
    two edges. Only the steepest tenth of all slopes counts. Contrast does not matter.

    Args:
        pictures: ``(N, 3, H, W)``, sRGB in [0, 1], 16 pixels or more each way.

    Returns:
        ``(N,)``; NaN for a picture without any edge.
    """
    check_pictures(pictures, channels=3, min_side=MIN_SIDE_PIXELS)
    planes = luma(pictures)[:, 0]
    widths = [torch.cat([_edge_widths(plane), _edge_widths(plane.T)]) for plane in planes]
    no_edge = planes.new_tensor(math.nan)
    return torch.stack([each.median() if each.numel() else no_edge for each in widths])


def edge_agreement(picture: Tensor, reference: Tensor, sigma: float = 1.5) -> float:
    """Agreement of edge orientations, 1 for equal pictures, 0 for unrelated ones, -1 for crossed edges.

    The structure tensor (Bigün & Granlund 1987) of both luminances is averaged over a Gaussian; its
    orientation in double-angle form ignores which side of an edge is lighter. The result is the mean cosine
    between the two, weighted by the reference's edge strength: only edges of the reference count, and a
    change of contrast or color alone costs nothing.

    Args:
        picture: ``(N, 3, H, W)`` of one shape, in [0, 1].
        reference: likewise.
        sigma: standard deviation of the Gaussian, in pixels.
    """
    check_pictures(picture, reference, channels=3)
    orientation, expected = (edge_orientation(luma(each), sigma) for each in (picture, reference))
    strength = expected.norm(dim=1)
    cosine = F.cosine_similarity(orientation, expected, dim=1, eps=1e-12)
    return ((strength * cosine).sum() / strength.sum().clamp_min(1e-12)).item()


def _edge_widths(y: Tensor) -> Tensor:
    """Widths along the rows of the edges of a luma plane ``(H, W)`` more vertical than horizontal."""
    dx = y[:, 1:] - y[:, :-1]
    dy = F.pad(y[2:] - y[:-2], (0, 0, 1, 1)) / 2
    dy = (dy[:, 1:] + dy[:, :-1]) / 2
    steepness = torch.hypot(dx, dy)
    limit = max(torch.quantile(steepness, 1 - STEEPEST_SHARE).item(), MIN_SLOPE)
    size = dx.abs()
    before, after = F.pad(size, (1, 0))[:, :-1], F.pad(size, (0, 1))[:, 1:]
    at_edge = (size >= before) & (size > after) & (size >= dy.abs()) & (steepness >= limit)
    rise = size + _rise_to_extreme(dx, 1) + _rise_to_extreme(dx, -1)
    # Along a row a slanted edge is wider by its slant.
    slant = size / steepness.clamp_min(1e-12)
    return (rise / size.clamp_min(1e-12) * slant)[at_edge]


def _rise_to_extreme(slope: Tensor, direction: int) -> Tensor:
    """How much further the luma goes the same way, to one side, until it turns; ``(H, W - 1)``."""
    total = torch.zeros_like(slope)
    monotonic = torch.ones_like(slope, dtype=torch.bool)
    sign = slope.sign()
    for distance in range(1, MAX_EDGE_REACH_PIXELS + 1):
        if direction > 0:
            shifted = F.pad(slope, (0, distance))[:, distance:]
        else:
            shifted = F.pad(slope, (distance, 0))[:, :-distance]
        monotonic = monotonic & (shifted * sign > 0)
        total = total + torch.where(monotonic, shifted.abs(), 0.0)
    return total
