"""Losses for training networks: every picture of a batch against a style, content or frame of its own.

The style terms of this room measure one picture, whole or in tiles; training wants many small crops at once.
Everything here takes batches ``(N, C, h, w)`` and returns one number per picture, ``(N,)``, so that a batch
may weigh its pictures. Distances are divided by the target's power: 0 is equal, 1 is as far as zeros.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.errors import PictureError
from bottega.layers import channel_moments, gaussian_blur
from bottega.losses.style_term import SILENT, widened

QUIET = 0.1
"""Share of the channels' mean variance that is added to each before content is normalised."""

FINE, FINE_UNIT = 3.0, 0.05
FLAT_WINDOW, FLAT_DEVIATION = 6.0, 0.03
"""Of :func:`calm_loss`: pixels (Gaussian deviations) and brightness."""


def normalised_content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference after instance normalisation of both.

    What a channel's mean and deviation say is the style's business; where it is high and where low is the
    content's. So content and style do not pull at the same numbers. About 2 is as far as unrelated features.
    Channels much quieter than the others count less: normalised in full, the noise of those that are silent
    on a picture would outweigh what it shows.

    Args:
        features, target: ``(N, C, h, w)`` of the result and of the content.

    Raises:
        PictureError: the sizes differ.
    """
    _check_equal(features, target)
    return (_normalised(features) - _normalised(target)).square().mean((1, 2, 3))


def moment_loss(features: Tensor, target: Tensor, floor: float = SILENT) -> Tensor:
    """Squared differences of the channels' means and deviations (Huang and Belongie 2017, equation 13).

    Divided by the target's power per picture, unlike the paper. The sizes may differ.

    Args:
        features, target: ``(N, C, h, w)`` of the result and of the style.
        floor: least mean square per channel to divide by, so that a nearly silent target outweighs no other.
    """
    _check_batches(features, target)
    ours, theirs = channel_moments(features), channel_moments(target)
    apart = (ours.mean - theirs.mean).square() + (ours.deviation - theirs.deviation).square()
    power = theirs.mean.square() + theirs.deviation.square()
    return apart.sum(1) / power.sum(1).clamp_min(floor * apart.shape[1])


def gram_loss(features: Tensor, target: Tensor) -> Tensor:
    """Squared distance of Gram matrices, over the target's; see :class:`bottega.losses.Gram`."""
    _check_batches(features, target)
    ours, theirs = _gram(features), _gram(target)
    norm = theirs.square().sum((1, 2)).clamp_min((SILENT * theirs.shape[1]) ** 2)
    return (ours - theirs).square().sum((1, 2)) / norm


def sliced_loss(
    features: Tensor,
    target: Tensor,
    generator: torch.Generator,
    *,
    directions: int = 32,
    samples: int = 2048,
    floor: float = SILENT,
) -> Tensor:
    """Sliced Wasserstein distance along random directions (Heitz et al. 2021); see
    :class:`bottega.losses.SlicedWasserstein`, whose fixed directions suit one picture, not a training.

    Args:
        features, target: ``(N, C, h, w)``; the sizes may differ.
        generator: of directions and positions, on the processor; others at every call.
        directions: unit vectors, as orthonormal as their number allows.
        samples: most positions compared; as many are drawn from both, without repetition.
        floor: least mean square to divide by, as in :func:`moment_loss`.
    """
    _check_batches(features, target)
    channels = features.shape[1]
    count = min(samples, features[0, 0].numel(), target[0, 0].numel())
    frame = torch.randn(channels, max(directions, 1), generator=generator)
    frame = torch.linalg.qr(frame)[0] if directions <= channels else frame / frame.norm(dim=0)
    ours = _projected(features, frame, count, generator)
    theirs = _projected(target, frame, count, generator)
    power = theirs.square().mean((1, 2)).clamp_min(floor)
    return (ours - theirs).square().mean((1, 2)) / power


def identity_loss(result: Tensor, content: Tensor) -> Tensor:
    """Mean absolute difference of pictures ``(N, 3, H, W)``: what is its own style stays as it is."""
    _check_equal(result, content)
    return (result - content).abs().mean((1, 2, 3))


def stability_loss(result: Tensor, following: Tensor, content: Tensor, following_content: Tensor) -> Tensor:
    """Results may change from frame to frame as their contents do, no more and no less.

    Mean squared ``(following - result) - (following_content - content)``; no optical flow
    (Xu et al. 2021, arXiv 2102.05822, the loss at the output level). All are ``(N, 3, H, W)``.
    """
    for other in (following, content, following_content):
        _check_equal(result, other)
    return ((following - result) - (following_content - content)).square().mean((1, 2, 3))


def calm_loss(result: Tensor, content: Tensor) -> Tensor:
    """Fine detail laid where the content has none: ripples on an empty sky.

    Mean square of the result less its blur (3 pixels), in units of 0.05 and weighted by how flat the content
    is: 1 where nothing is, 1/2 where its brightness deviates by 0.03 within a dozen pixels. Statistics of a
    whole picture ask for a painting's grain everywhere; broad strokes remain free. Our own.

    Args:
        result, content: ``(N, 3, H, W)`` in [0, 1].
    """
    _check_equal(result, content)
    brightness = widened(content).mean(1, keepdim=True)
    mean, square = (gaussian_blur(power, FLAT_WINDOW) for power in (brightness, brightness.square()))
    flat = 1 / (1 + ((square - mean.square()) / FLAT_DEVIATION**2).square())
    wide = widened(result)
    fine = (wide - gaussian_blur(wide, FINE)) / FINE_UNIT
    return (flat * fine.square()).mean((1, 2, 3))


def _normalised(features: Tensor) -> Tensor:
    wide = widened(features)
    centred = wide - wide.mean((2, 3), keepdim=True)
    variance = centred.square().mean((2, 3), keepdim=True)
    return centred * (variance + QUIET * variance.mean(1, keepdim=True) + SILENT).rsqrt()


def _gram(features: Tensor) -> Tensor:
    columns = widened(features).flatten(2)
    return columns @ columns.mT / columns.shape[2]


def _projected(features: Tensor, frame: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Sorted projections of ``count`` positions, ``(N, directions, count)``."""
    columns = widened(features).flatten(2)
    if count < columns.shape[2]:
        chosen = torch.randperm(columns.shape[2], generator=generator)[:count]
        columns = columns[:, :, chosen.to(columns.device)]
    return (frame.T.to(columns) @ columns).sort(2).values


def _check_equal(features: Tensor, target: Tensor) -> None:
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
