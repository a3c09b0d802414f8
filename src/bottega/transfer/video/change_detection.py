"""What changed from one frame to the next: only noise, things that moved, or everything (a cut)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers.color_spaces import REC601_LUMA
from bottega.transfer.video.motion import (
    box_filter,
    camera_motion,
    central_differences,
    optical_flow,
    warp,
)

LONG_SIDE_PIXELS = 160  # of the reduced frames that are compared
MIN_REDUCTION = 2  # frames are always reduced by this factor at least, as means of pixels have less noise
MIN_NOISE, MAX_NOISE = 0.5 / 255, 5 / 255  # bounds of the noise estimate for reduced frames
STATIC_FROM, STATIC_TO = 1.5, 2.4
"""In units of the noise: differences below the first are only noise, above the second they are changes."""
MIN_CAMERA_MOTION_PIXELS = 0.05  # in the reduced frame; below, the camera counts as static
MAX_CAMERA_RESIDUAL = 0.96  # share of the difference that camera motion may leave unexplained
OVERLAY_RATIO = 0.6  # an overlay is static in spite of the camera: that explains it this much better
STATIC_FRAME_SHARE = 0.995  # share of static pixels from which on no motion is estimated
CAMERA_FRAME_SHARE = 0.95
"""Share of pixels explained by camera motion from which on no optical flow is estimated."""
MOTION_ERROR_PIXELS = 0.25  # error of a motion, in the reduced frame, that is tolerated
HISTOGRAM_BINS = 16
CUT_HISTOGRAM_SHARE, CUT_MEAN_CHANGE = 0.35, 0.05
"""A cut replaces this share of the colors, with a mean change of at least that."""
CUT_ANY_MEAN_CHANGE = 0.22  # mean change that is a cut whatever the colors


@dataclass(frozen=True)
class FrameSignature:
    """What the next frame is compared with: the reduced frame ``small (1, 3, h, w)`` in [0, 1]."""

    small: Tensor

    @cached_property
    def smooth(self) -> Tensor:
        """Without the noise of single pixels and grain finer than the motion is exact."""
        return box_filter(self.small, 3)

    @cached_property
    def brightness(self) -> Tensor:
        """``(1, 1, h, w)``, of the smooth frame."""
        weights = self.small.new_tensor(REC601_LUMA).view(1, 3, 1, 1)
        return (self.smooth * weights).sum(1, keepdim=True)


@dataclass(frozen=True)
class FrameChange:
    """From the previous frame to this one.

    Attributes:
        is_cut: the past is irrelevant.
        static: ``(1, 1, h, w)`` in [0, 1], what only noise changed; None after a cut.
        trust: likewise, what is static or was matched along its motion.
        flow: of :func:`bottega.transfer.video.motion.optical_flow`; None where nothing moved.
    """

    is_cut: bool
    static: Tensor | None = None
    trust: Tensor | None = None
    flow: Tensor | None = None


def compute_signature(image: Tensor) -> FrameSignature:
    """Reduce a frame ``(1, 3, H, W)`` of values in [0, 255]."""
    height, width = image.shape[-2:]
    factor = max(MIN_REDUCTION, round(max(height, width) / LONG_SIDE_PIXELS))
    if height % factor == 0 and width % factor == 0:
        small = F.avg_pool2d(image, factor)
    else:
        small = F.adaptive_avg_pool2d(image, (max(1, height // factor), max(1, width // factor)))
    return FrameSignature((small / 255).contiguous())


def detect_change(previous: FrameSignature, current: FrameSignature) -> FrameChange:
    """Compare two frames of one size."""
    difference = (current.small - previous.small).abs().amax(1, keepdim=True)
    mean_change = float(difference.mean())
    if mean_change > CUT_ANY_MEAN_CHANGE or (
        mean_change > CUT_MEAN_CHANGE and _histogram_change(previous, current) > CUT_HISTOGRAM_SHARE
    ):
        return FrameChange(is_cut=True)
    local = box_filter(difference, 5)
    noise = float(local.flatten().quantile(0.2).clamp(MIN_NOISE, MAX_NOISE))
    static = ((STATIC_TO - local / noise) / (STATIC_TO - STATIC_FROM)).clamp(0, 1)
    flow = camera_motion(previous.brightness, current.brightness)
    error_static = _error(previous.smooth, current)
    error_camera = _error(warp(previous.smooth, flow), current)
    if _is_camera_moving(flow, error_static, error_camera):
        # Faint objects in haze differ by no more than noise, but they move too. What is static in spite of
        # the camera, such as a line of text, is explained by that alone.
        static = static * (error_static < OVERLAY_RATIO * error_camera)
    elif float((static > 0.5).float().mean()) > STATIC_FRAME_SHARE:
        return FrameChange(False, static, static)
    across, down = central_differences(current.brightness)
    slope = (across.square() + down.square()).sqrt()
    tolerance = STATIC_FROM * noise + MOTION_ERROR_PIXELS * box_filter(slope, 5)
    matched = (2 - error_camera / tolerance).clamp(0, 1)
    if float(torch.maximum(static, matched).mean()) < CAMERA_FRAME_SHARE:
        # Objects move. Where camera motion explains a place, it is the more exact one.
        local_flow = optical_flow(previous.brightness, current.brightness)
        error_flow = _error(warp(previous.smooth, local_flow), current)
        matched_by_flow = (2 - error_flow / tolerance).clamp(0, 1)
        flow = torch.where(matched_by_flow > matched, local_flow, flow)
        matched = torch.maximum(matched, matched_by_flow)
    return FrameChange(False, static, torch.maximum(static, matched), flow * (1 - static))


def _error(prediction: Tensor, current: FrameSignature) -> Tensor:
    """What a prediction does not explain of the smooth frame, ``(1, 1, h, w)``."""
    return box_filter((current.smooth - prediction).abs().amax(1, keepdim=True), 5)


def _is_camera_moving(flow: Tensor, error_static: Tensor, error_camera: Tensor) -> bool:
    """Whether the camera's motion is larger than zero, and explains the frame better than no motion."""
    height, width = flow.shape[-2:]
    pixels = flow.abs() * flow.new_tensor([width, height]).view(1, 2, 1, 1)
    is_better = float(error_camera.mean()) < MAX_CAMERA_RESIDUAL * float(error_static.mean())
    return float(pixels.amax()) > MIN_CAMERA_MOTION_PIXELS and is_better


def _histogram_change(previous: FrameSignature, current: FrameSignature) -> float:
    """Share of pixels whose color has no counterpart in the other frame; the maximum of three channels."""
    shares = []
    for channel in range(3):
        a, b = (torch.histc(frame.small[:, channel], HISTOGRAM_BINS, 0, 1) for frame in (previous, current))
        shares.append(float((a - b).abs().sum() / 2 / a.sum()))
    return max(shares)
