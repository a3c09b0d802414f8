"""Colour: one curve of lightness, chroma and tint for the whole picture, and dodging and burning in place."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bottega.layers import slice_grid
from bottega.personalize.color import WARM

DARKEST = 0.005
"""Lightness stays this far from 0 and 1, where the curve is steep without end."""

MOST_LIGHT, MOST_CHROMA = 1.5, 1.0
"""Furthest shift of the curve of lightness, and logarithm of the gain of chroma, in one place."""


def toned(lab: Tensor, tone: Tensor) -> Tensor:
    """OKLab ``(N, 3, H, W)`` by ``tone (N, 4)``: l, c, s, w.

    Lightness becomes σ(e^c · logit L + l), which keeps the order of tones and ends at black and white; chroma
    e^s · (a, b) + w · (cos 60°, sin 60°), a shift along the axis that warmth is read on and no other: one
    across it would be a cheap way to saturation, and turn everything pink.
    """
    light, contrast, chroma, warmth = tone[:, :, None, None].to(lab).unbind(1)
    curve = lab[:, 0].clamp(DARKEST, 1 - DARKEST)
    lifted = torch.sigmoid(contrast.exp() * torch.logit(curve) + light) + (lab[:, 0] - curve)
    gain = chroma.exp()
    green_red = lab[:, 1] * gain + warmth * math.cos(WARM)
    blue_yellow = lab[:, 2] * gain + warmth * math.sin(WARM)
    return torch.stack([lifted, green_red, blue_yellow], 1)


def by_grid(lab: Tensor, grid: Tensor) -> Tensor:
    """OKLab by ``grid (N, 2, depth, rows, columns)``, looked up by lightness and place: dodging and burning.

    The first channel lifts or lowers the curve of lightness, the second is the logarithm of a gain of chroma.
    Hues
    stay: a network, or a slope that is followed, that may change them in place paints rainbows.
    """
    changes = slice_grid(grid, lab[:, :1].clamp(0, 1).contiguous())
    light = MOST_LIGHT * torch.tanh(changes[:, :1] / MOST_LIGHT)
    gain = (MOST_CHROMA * torch.tanh(changes[:, 1:] / MOST_CHROMA)).exp()
    curve = lab[:, :1].clamp(DARKEST, 1 - DARKEST)
    return torch.cat([torch.sigmoid(torch.logit(curve) + light) + (lab[:, :1] - curve), lab[:, 1:] * gain], 1)
