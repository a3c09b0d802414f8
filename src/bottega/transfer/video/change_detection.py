"""What changed from one frame to the next: nothing but noise, things that moved, or everything (a cut)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.transfer.video.motion import box, camera_motion, displacement, moved, slopes

LONG_SIDE = 160
"""Of the reduced frames that are compared, in pixels."""
LEAST = 2
"""Frames are always reduced by as much: means of pixels have less noise."""

LUMA = (0.299, 0.587, 0.114)
QUIETEST, LOUDEST = 0.5 / 255, 5 / 255
"""Bounds of the noise that reduced frames are believed to have."""
REST_BEGINS, REST_ENDS = 1.5, 2.4
"""Times the noise: differences below are nothing but noise, above they are something."""
LEAST_MOTION = 0.05
"""Pixels (of the reduced frame) that the camera moves somewhere, or it rests."""
CAMERA_GAIN = 0.96
"""Part of the difference that must be left, at most, for the camera to move."""
OVERLAY = 0.6
"""What rests while the camera moves is explained so much better by resting."""
STILL_SHARE = 0.995
"""Share of the frame that must be at rest for its motion not to be looked for."""
CAMERA_SHARE = 0.95
"""Share of the frame that must be explained by the camera's motion for things' own not to be looked for."""
SLIP = 0.25
"""Pixels (of the reduced frame) by which a found motion may be wrong and still be believed."""
BINS = 16
CUT_COLORS, CUT_CHANGE = 0.35, 0.05
"""A cut: this share of the colours is exchanged, and the mean change is at least that."""
CUT_ANYWAY = 0.22
"""Mean change that is a cut whatever the colours do."""


@dataclass(frozen=True)
class Look:
    """What is kept of a frame to compare the next one with: ``small (1, 3, h, w)`` in [0, 1]."""

    small: Tensor

    @cached_property
    def soft(self) -> Tensor:
        """Softened: single pixels' noise, and grain finer than a motion is exact, would say nothing."""
        return box(self.small, 3)

    @cached_property
    def brightness(self) -> Tensor:
        """``(1, 1, h, w)``, of the softened picture."""
        weights = self.small.new_tensor(LUMA).view(1, 3, 1, 1)
        return (self.soft * weights).sum(1, keepdim=True)


@dataclass(frozen=True)
class Change:
    """From the frame before to this one.

    Attributes:
        cut: nothing of the past counts any more.
        still: ``(1, 1, h, w)`` in [0, 1], what only noise changed; none after a cut.
        trust: likewise, what was found again after moving; ``still`` included.
        flow: where it was (:func:`bottega.transfer.video.motion.displacement`); none where nothing moved.
    """

    cut: bool
    still: Tensor | None = None
    trust: Tensor | None = None
    flow: Tensor | None = None


def look_at(picture: Tensor) -> Look:
    """Reduce a frame ``(1, 3, H, W)`` of values in [0, 255]."""
    height, width = picture.shape[-2:]
    factor = max(LEAST, round(max(height, width) / LONG_SIDE))
    if height % factor == 0 and width % factor == 0:
        small = F.avg_pool2d(picture, factor)
    else:
        small = F.adaptive_avg_pool2d(picture, (max(1, height // factor), max(1, width // factor)))
    return Look((small / 255).contiguous())


def compare(before: Look, now: Look) -> Change:
    """What happened between two frames of one size."""
    apart = (now.small - before.small).abs().amax(1, keepdim=True)
    if _is_cut(before, now, float(apart.mean())):
        return Change(cut=True)
    local = box(apart, 5)
    noise = float(local.flatten().quantile(0.2).clamp(QUIETEST, LOUDEST))
    still = ((REST_ENDS - local / noise) / (REST_ENDS - REST_BEGINS)).clamp(0, 1)
    flow = camera_motion(before.brightness, now.brightness)
    unmoved, along = _rest(before.soft, now), _rest(moved(before.soft, flow), now)
    if _camera_moves(flow, unmoved, along):
        # Faint things in a haze differ by no more than noise, but they move too. What rests in spite of the
        # camera, such as a line of text, is explained by that alone.
        still = still * (unmoved < OVERLAY * along)
    elif float((still > 0.5).float().mean()) > STILL_SHARE:
        return Change(False, still, still)
    tolerated = REST_BEGINS * noise + SLIP * box(_slope(now.brightness), 5)
    found = (2 - along / tolerated).clamp(0, 1)
    if float(torch.maximum(still, found).mean()) < CAMERA_SHARE:
        # Things move by themselves. Where the camera's motion explains a place, it is the more exact one.
        own = displacement(before.brightness, now.brightness)
        found_by_own = (2 - _rest(moved(before.soft, own), now) / tolerated).clamp(0, 1)
        flow = torch.where(found_by_own > found, own, flow)
        found = torch.maximum(found, found_by_own)
    return Change(False, still, torch.maximum(still, found), flow * (1 - still))


def _rest(expected: Tensor, now: Look) -> Tensor:
    """What an expectation does not explain of the softened frame, ``(1, 1, h, w)``."""
    return box((now.soft - expected).abs().amax(1, keepdim=True), 5)


def _camera_moves(flow: Tensor, unmoved: Tensor, along: Tensor) -> bool:
    """Whether the camera's motion is more than none, and explains the frame better than none does."""
    height, width = flow.shape[-2:]
    pixels = flow.abs() * flow.new_tensor([width, height]).view(1, 2, 1, 1)
    return float(pixels.amax()) > LEAST_MOTION and float(along.mean()) < CAMERA_GAIN * float(unmoved.mean())


def _slope(brightness: Tensor) -> Tensor:
    across, down = slopes(brightness)
    return (across.square() + down.square()).sqrt()


def _is_cut(before: Look, now: Look, change: float) -> bool:
    if change > CUT_ANYWAY:
        return True
    return change > CUT_CHANGE and _exchanged(before.small, now.small) > CUT_COLORS


def _exchanged(one: Tensor, other: Tensor) -> float:
    """Share of the pixels without a partner of like colour in the other frame; the most of three channels."""
    shares = []
    for channel in range(3):
        a, b = (torch.histc(each[:, channel], BINS, 0, 1) for each in (one, other))
        shares.append(float((a - b).abs().sum() / 2 / a.sum()))
    return max(shares)
