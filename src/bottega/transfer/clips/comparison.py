"""What changed from one frame to the next: nothing but noise, things that moved, or everything (a cut)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.transfer.clips.motion import box, displacement, moved, slopes

LONG_SIDE = 160
"""Of the reduced frames that are compared, in pixels."""

LUMA = (0.299, 0.587, 0.114)
QUIETEST, LOUDEST = 0.5 / 255, 3 / 255
"""Bounds of the noise that reduced frames are believed to have."""
STILL_SHARE = 0.995
"""Share of the frame that must be at rest for its motion not to be looked for."""
SLIP = 0.35
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

    @property
    def brightness(self) -> Tensor:
        """``(1, 1, h, w)``."""
        weights = self.small.new_tensor(LUMA).view(1, 3, 1, 1)
        return (self.small * weights).sum(1, keepdim=True)


@dataclass(frozen=True)
class Change:
    """From the frame before to this one.

    Attributes:
        cut: nothing of the past counts any more.
        still: ``(1, 1, h, w)`` in [0, 1], what only noise changed; none after a cut.
        trust: likewise, what was found again after moving; ``still`` included.
        flow: where it was (:func:`bottega.transfer.clips.motion.displacement`); none where nothing moved.
    """

    cut: bool
    still: Tensor | None = None
    trust: Tensor | None = None
    flow: Tensor | None = None


def look_at(picture: Tensor) -> Look:
    """Reduce a frame ``(1, 3, H, W)`` of values in [0, 255]."""
    height, width = picture.shape[-2:]
    factor = max(1, round(max(height, width) / LONG_SIDE))
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
    still = (2 - local / (1.6 * noise)).clamp(0, 1)
    if float((still > 0.5).float().mean()) > STILL_SHARE:
        return Change(False, still, still)
    brightness = now.brightness
    flow = displacement(before.brightness, brightness)
    rest = box((now.small - moved(before.small, flow)).abs().amax(1, keepdim=True), 5)
    across, down = slopes(brightness)
    tolerated = 1.6 * noise + SLIP * box((across.square() + down.square()).sqrt(), 5)
    found = (2 - rest / tolerated).clamp(0, 1)
    return Change(False, still, torch.maximum(still, found), flow * (1 - still))


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
