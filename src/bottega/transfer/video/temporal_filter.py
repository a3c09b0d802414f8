"""Calm in time: what the network is shown, and what it has painted, each follow the frame before.

1. *In.* Where only noise changed, the frame follows the past (a recursive filter), so that the sensor's noise
   does not become brush strokes that come and go. What moves is shown as it is: nothing is blurred.
2. *Out.* The painting of the frame before is laid over the new one where its motion is known, and the two are
   mixed: strokes then move along with things and do not boil. Where the past cannot be trusted (uncovered
   background, flashes, cuts) the new painting stands alone, so that nothing leaves a ghost.

The two steps have their own memories, so that they may run in two threads beside the painting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.transfer.video.change_detection import Change, Look, compare, look_at
from bottega.transfer.video.motion import moved
from bottega.video import UInt8Array

HOLD_STILL = 0.85
"""Share of the past where nothing moves, at full steadiness."""
HOLD_MOVING = 0.6
"""Share of the past painting where things move: laying it over costs it some grain each time."""
CLEAR = 24.0
"""Difference of a pixel from the past, in 8-bit steps, at which it is half believed to be noise."""
ALIKE = 12.0
"""Difference of a pixel from where its motion says it was, in 8-bit steps of brightness, at which the past
painting is half believed there: edges whose motion is not exact would blur."""


@dataclass(frozen=True)
class Prepared:
    """A frame as the network is to see it.

    Attributes:
        pixels: ``(H, W, 3)`` uint8.
        filtered: the same before rounding, ``(1, 3, H, W)`` in [0, 255]: the filter's memory.
        look: what the next frame is compared with.
        change: since the frame before; the first frame of all is a cut.
        alike: ``(1, 1, H, W)`` in [0, 1], how far each pixel is where its motion says it is; none where
            nothing moved.
        travel: pixels down and across by which the camera has moved since the last cut.
    """

    pixels: UInt8Array
    filtered: Tensor
    look: Look
    change: Change
    alike: Tensor | None = None
    travel: tuple[float, float] = (0.0, 0.0)


class SteadyInput:
    """The recursive filter of frames.

    Args:
        amount: 0 to 1.
    """

    def __init__(self, amount: float = 1.0) -> None:
        self.amount = amount
        self.before: Prepared | None = None

    @torch.no_grad()
    def prepare(self, pixels: UInt8Array) -> Prepared:
        """The next frame."""
        picture = to_planes(pixels)
        look = look_at(picture)
        before = self.before
        if before is None or before.filtered.shape != picture.shape:
            self.before = Prepared(pixels, picture, look, Change(cut=True))
            return self.before
        change = compare(before.look, look)
        if change.still is None:
            self.before = Prepared(pixels, picture, look, change)
            return self.before
        travel = _travelled(before.travel, change.flow, picture)
        apart = before.filtered - picture
        share = _full_size(change.still, picture) * (HOLD_STILL * self.amount)
        # A pixel that differs by far more than noise is something, however small.
        share = share * _likeness(apart, CLEAR)
        filtered = torch.addcmul(picture, apart, share)
        alike = None
        if change.flow is not None:
            along = moved(_brightness(before.filtered), change.flow)
            alike = _likeness(along - _brightness(picture), ALIKE)
        self.before = Prepared(to_bytes(filtered), filtered, look, change, alike, travel)
        return self.before


class SteadyOutput:
    """The recursive mixing of paintings.

    Args:
        amount: 0 to 1.
    """

    def __init__(self, amount: float = 1.0) -> None:
        self.amount = amount
        self.before: Tensor | None = None

    @torch.no_grad()
    def settle(self, painted: UInt8Array, prepared: Prepared) -> UInt8Array:
        """The next painting, mixed with what came before."""
        picture, change = to_tensor(painted), prepared.change
        before = self.before
        if before is None or change.trust is None or change.still is None or before.shape != picture.shape:
            self.before = picture
            return painted
        moving = HOLD_MOVING * change.trust
        share = moving + change.still * (HOLD_STILL - moving)
        if change.flow is not None:
            before = moved(before, change.flow, "bicubic")
        share = _full_size(share * self.amount, picture)
        if prepared.alike is not None:
            share = share * prepared.alike
        self.before = torch.addcmul(picture, before - picture, share)
        return to_bytes(self.before)


def _travelled(before: tuple[float, float], flow: Tensor | None, frame: Tensor) -> tuple[float, float]:
    """Where most of the frame has gone since the last cut: the median motion is added."""
    if flow is None:
        return before
    across, down = flow.flatten(2).median(2).values[0].tolist()
    height, width = frame.shape[-2:]
    return before[0] + down * height, before[1] + across * width


def to_tensor(pixels: UInt8Array) -> Tensor:
    """``(H, W, 3)`` uint8 as ``(1, 3, H, W)`` float32 in [0, 255]; in memory the channels stay together."""
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float()


def to_planes(pixels: UInt8Array) -> Tensor:
    """:func:`to_tensor` in planes of one colour each: sums over colours are then many times as fast."""
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()[None].float()


def to_bytes(picture: Tensor) -> UInt8Array:
    """Back, rounded."""
    rounded = picture[0].permute(1, 2, 0).clamp(0, 255).round_().to(torch.uint8)
    return np.ascontiguousarray(rounded.numpy())


def _likeness(apart: Tensor, half: float) -> Tensor:
    """1 where two pictures are alike, 1/2 where they differ by ``half`` in some colour."""
    return torch.reciprocal((apart * (1 / half)).square_().amax(1, keepdim=True).add_(1))


def _brightness(picture: Tensor) -> Tensor:
    return picture.mean(1, keepdim=True)


def _full_size(values: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(values, like.shape[-2:], mode="bilinear", align_corners=False)
