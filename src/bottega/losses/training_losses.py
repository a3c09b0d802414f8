"""Losses for training networks: every picture of a batch against a style, content or frame of its own.

Style terms (``style_term``) measure one picture, whole or in tiles; training needs many small crops at once.
All losses take batches ``(N, C, h, w)`` and return one value per picture, ``(N,)``, so that a batch may weigh
its pictures. Distances are divided by the target's power: 0 is equal, 1 is as far as zeros.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.errors import PictureError
from bottega.layers import channel_moments, gaussian_blur
from bottega.layers.moments import upcast
from bottega.losses.style_term import MIN_POWER

VARIANCE_SHARE = 0.1
"""Share of the channels' mean variance that is added to each before content is normalized."""

DETAIL_SIGMA, FLATNESS_SIGMA = 3.0, 6.0
DETAIL_UNIT, FLAT_STD = 0.05, 0.03
"""Of :func:`flat_area_loss`: Gaussian deviations in pixels, and amplitudes of brightness."""


def normalized_content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference after instance normalization of both.

    The style sets each channel's mean and deviation, the content where it is high and low, so the two losses
    do not compete for the same numbers. Unrelated features are at about 2. Channels much quieter than the
    others count less: normalized in full, their noise would outweigh the content.

    Args:
        features: ``(N, C, h, w)`` of the result and of the content.
        target: likewise.

    Raises:
        PictureError: the sizes differ.
    """
    _check_same_shape(features, target)
    return (_normalize(features) - _normalize(target)).square().mean((1, 2, 3))


def moment_loss(features: Tensor, target: Tensor, min_power: float = MIN_POWER) -> Tensor:
    """Squared differences of the channels' means and deviations (Huang and Belongie 2017, equation 13).

    Divided by the target's power per picture, unlike the paper. The sizes may differ.

    Args:
        features: ``(N, C, h, w)`` of the result and of the style.
        target: likewise.
        min_power: least mean square per channel to divide by, so that a nearly silent target does not
            outweigh all others.
    """
    _check_batches(features, target)
    moments, expected = channel_moments(features), channel_moments(target)
    distance = (moments.mean - expected.mean).square() + (moments.std - expected.std).square()
    power = expected.mean.square() + expected.std.square()
    return distance.sum(1) / power.sum(1).clamp_min(min_power * distance.shape[1])


def sliced_loss(
    features: Tensor,
    target: Tensor,
    generator: torch.Generator,
    *,
    directions: int = 32,
    samples: int = 2048,
    min_power: float = MIN_POWER,
) -> Tensor:
    """Sliced Wasserstein distance along random directions (Heitz et al. 2021); see
    :class:`bottega.losses.SlicedWasserstein`, whose fixed directions suit one picture, not a training.

    Args:
        features: ``(N, C, h, w)``; the sizes may differ.
        target: likewise.
        generator: of directions and positions, on the processor; both differ at every call.
        directions: number of unit vectors, orthonormal as far as their number allows.
        samples: maximum of positions compared; drawn from both without repetition.
        min_power: as in :func:`moment_loss`.
    """
    _check_batches(features, target)
    channels = features.shape[1]
    count = min(samples, features[0, 0].numel(), target[0, 0].numel())
    frame = torch.randn(channels, max(directions, 1), generator=generator)
    frame = torch.linalg.qr(frame)[0] if directions <= channels else frame / frame.norm(dim=0)
    values = _sorted_projections(features, frame, count, generator)
    expected = _sorted_projections(target, frame, count, generator)
    power = expected.square().mean((1, 2)).clamp_min(min_power)
    return (values - expected).square().mean((1, 2)) / power


def identity_loss(result: Tensor, content: Tensor) -> Tensor:
    """Mean absolute difference of pictures ``(N, 3, H, W)``, for contents that are their own style."""
    _check_same_shape(result, content)
    return (result - content).abs().mean((1, 2, 3))


def stability_loss(result: Tensor, following: Tensor, content: Tensor, following_content: Tensor) -> Tensor:
    """Results must change from frame to frame exactly as their contents do.

    Mean squared ``(following - result) - (following_content - content)``; no optical flow
    (Xu et al. 2021, arXiv 2102.05822, the loss at the output level). All are ``(N, 3, H, W)``.
    """
    for other in (following, content, following_content):
        _check_same_shape(result, other)
    return ((following - result) - (following_content - content)).square().mean((1, 2, 3))


def flat_area_loss(result: Tensor, content: Tensor) -> Tensor:
    """Fine detail where the content has none, such as ripples on an empty sky. Our own.

    Mean square of the result minus its blur (3 pixels), in units of 0.05 and weighted by how flat the content
    is: 1 where it is constant, 1/2 where its brightness deviates by 0.03 within a dozen pixels. Without it,
    statistics of a whole picture put a painting's grain everywhere; broad strokes cost nothing.

    Args:
        result: ``(N, 3, H, W)`` in [0, 1].
        content: likewise.
    """
    _check_same_shape(result, content)
    brightness = upcast(content).mean(1, keepdim=True)
    mean, square = (gaussian_blur(power, FLATNESS_SIGMA) for power in (brightness, brightness.square()))
    flat = 1 / (1 + ((square - mean.square()) / FLAT_STD**2).square())
    wide = upcast(result)
    detail = (wide - gaussian_blur(wide, DETAIL_SIGMA)) / DETAIL_UNIT
    return (flat * detail.square()).mean((1, 2, 3))


def _normalize(features: Tensor) -> Tensor:
    wide = upcast(features)
    centered = wide - wide.mean((2, 3), keepdim=True)
    variance = centered.square().mean((2, 3), keepdim=True)
    return centered * (variance + VARIANCE_SHARE * variance.mean(1, keepdim=True) + MIN_POWER).rsqrt()


def _sorted_projections(features: Tensor, frame: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Sorted projections of ``count`` positions, ``(N, directions, count)``."""
    columns = upcast(features).flatten(2)
    if count < columns.shape[2]:
        positions = torch.randperm(columns.shape[2], generator=generator)[:count]
        columns = columns[:, :, positions.to(columns.device)]
    return (frame.T.to(columns) @ columns).sort(2).values


def _check_same_shape(features: Tensor, target: Tensor) -> None:
    if features.shape != target.shape:
        raise PictureError(
            f"These batches must have one shape, not {tuple(features.shape)} and {tuple(target.shape)}."
        )


def _check_batches(features: Tensor, target: Tensor) -> None:
    if features.ndim != 4 or features.shape[:2] != target.shape[:2]:
        raise PictureError(
            "These batches must have as many pictures and channels as one another, "
            f"not {tuple(features.shape)} and {tuple(target.shape)}."
        )
