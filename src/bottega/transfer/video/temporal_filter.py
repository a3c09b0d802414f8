"""Temporal filters before and after the network: both follow the previous frame.

1. *Before.* Where only noise changed, the frame is averaged with the past (a recursive filter), so that
   sensor noise does not become brush strokes that come and go. What moves is left as it is, unblurred.
2. *After.* The previous result is warped along the estimated motion and blended with the new one:
   strokes then move along with objects and do not flicker. Where the past is not reliable (uncovered
   background, flashes, cuts) the new result stands alone, which avoids ghosting.

The two filters have states of their own, so that they can run in two threads beside the network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.transfer.video.change_detection import (
    FrameChange,
    FrameSignature,
    compute_signature,
    detect_change,
)
from bottega.transfer.video.motion import warp
from bottega.video import UInt8Array

STATIC_PAST_WEIGHT = 0.85  # weight of the past where nothing moves, at full smoothing
MOVING_PAST_WEIGHT = 0.6  # weight of the past result where objects move: each warp costs some grain
NOISE_LEVELS = 24.0
"""Difference of a pixel from the past, in levels of 255, that is noise with a weight of one half."""
MOTION_ERROR_LEVELS = 12.0
"""Difference in brightness between a pixel and its source along the motion, in levels of 255, at which the
past result has half its weight: edges with inexact motion would blur."""


@dataclass(frozen=True)
class FilteredFrame:
    """A frame as the network receives it.

    Attributes:
        pixels: ``(H, W, 3)`` uint8.
        values: the same before rounding, ``(1, 3, H, W)`` in [0, 255]: the state of the filter.
        signature: to compare the next frame with.
        change: since the previous frame; the very first frame counts as a cut.
        similarity: ``(1, 1, H, W)`` in [0, 1], of each pixel to its source along the motion; None where
            nothing moved.
        camera_offset: pixels down and across that the camera has moved since the last cut.
    """

    pixels: UInt8Array
    values: Tensor
    signature: FrameSignature
    change: FrameChange
    similarity: Tensor | None = None
    camera_offset: tuple[float, float] = (0.0, 0.0)


class InputDenoiser:
    """The recursive filter of frames; ``amount`` is 0 to 1."""

    def __init__(self, amount: float = 1.0) -> None:
        self.amount = amount
        self.previous: FilteredFrame | None = None

    @torch.no_grad()
    def denoise(self, pixels: UInt8Array) -> FilteredFrame:
        """The next frame."""
        image = to_planes(pixels)
        signature = compute_signature(image)
        previous = self.previous
        if previous is None or previous.values.shape != image.shape:
            self.previous = FilteredFrame(pixels, image, signature, FrameChange(is_cut=True))
            return self.previous
        change = detect_change(previous.signature, signature)
        if change.static is None:
            self.previous = FilteredFrame(pixels, image, signature, change)
            return self.previous
        offset = _add_motion(previous.camera_offset, change.flow, image)
        difference = previous.values - image
        weight = _resize(change.static, image) * (STATIC_PAST_WEIGHT * self.amount)
        # A difference far above noise is content, however small its area.
        weight = weight * _similarity(difference, NOISE_LEVELS)
        values = torch.addcmul(image, difference, weight)
        similarity = None
        if change.flow is not None:
            warped = warp(_brightness(previous.values), change.flow)
            similarity = _similarity(warped - _brightness(image), MOTION_ERROR_LEVELS)
        self.previous = FilteredFrame(to_bytes(values), values, signature, change, similarity, offset)
        return self.previous


class OutputStabilizer:
    """The recursive blending of results; ``amount`` is 0 to 1."""

    def __init__(self, amount: float = 1.0) -> None:
        self.amount = amount
        self.previous: Tensor | None = None

    @torch.no_grad()
    def stabilize(self, stylized: UInt8Array, frame: FilteredFrame) -> UInt8Array:
        """The next result, blended with the warped previous one."""
        image, change = to_tensor(stylized), frame.change
        previous = self.previous
        if previous is None or change.trust is None or change.static is None or previous.shape != image.shape:
            self.previous = image
            return stylized
        moving = MOVING_PAST_WEIGHT * change.trust
        weight = moving + change.static * (STATIC_PAST_WEIGHT - moving)
        if change.flow is not None:
            previous = warp(previous, change.flow, "bicubic")
        weight = _resize(weight * self.amount, image)
        if frame.similarity is not None:
            weight = weight * frame.similarity
        self.previous = torch.addcmul(image, previous - image, weight)
        return to_bytes(self.previous)


def to_tensor(pixels: UInt8Array) -> Tensor:
    """``(H, W, 3)`` uint8 as ``(1, 3, H, W)`` float32 in [0, 255], in channels-last memory format."""
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float()


def to_planes(pixels: UInt8Array) -> Tensor:
    """:func:`to_tensor` in contiguous memory format, which makes sums over colors many times faster."""
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()[None].float()


def to_bytes(image: Tensor) -> UInt8Array:
    """The inverse of both, with rounding."""
    rounded = image[0].permute(1, 2, 0).clamp(0, 255).round_().to(torch.uint8)
    return np.ascontiguousarray(rounded.numpy())


def _add_motion(offset: tuple[float, float], flow: Tensor | None, frame: Tensor) -> tuple[float, float]:
    """Add the median motion in pixels."""
    if flow is None:
        return offset
    across, down = flow.flatten(2).median(2).values[0].tolist()
    height, width = frame.shape[-2:]
    return offset[0] + down * height, offset[1] + across * width


def _similarity(difference: Tensor, half: float) -> Tensor:
    """1 where two images are equal, 1/2 where they differ by ``half`` in some color."""
    return torch.reciprocal((difference * (1 / half)).square_().amax(1, keepdim=True).add_(1))


def _brightness(image: Tensor) -> Tensor:
    return image.mean(1, keepdim=True)


def _resize(values: Tensor, image: Tensor) -> Tensor:
    return F.interpolate(values, image.shape[-2:], mode="bilinear", align_corners=False)
