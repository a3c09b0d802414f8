"""Lightness, contrast, saturation and warmth."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bottega.personalize.analysis.pixels import safe_sqrt, weighted_mean

MAX_CHROMA = 0.3225  # chroma of the most vivid color of sRGB, magenta
MAX_WARMTH = 0.3  # pure blue is 0.29 on the cool side of gray, pure red 0.22 on the warm one
WARM_HUE = math.radians(60)  # hue of the warm axis in OKLab: orange; its opposite is azure


def measure_color(lab: Tensor, weights: Tensor | None = None) -> Tensor:
    """``(N, 4)`` from OKLab pictures ``(N, 3, H, W)``.

    lightness = mean L; contrast = 2 · deviation of L, 1 for black and white in equal parts; saturation = mean
    chroma / 0.3225; warmth = mean of (a cos 60° + b sin 60°) / 0.3.
    """
    light, chroma = lab[:, :1], lab[:, 1:]
    lightness = weighted_mean(light, weights)
    variance = weighted_mean((light - lightness[:, :, None, None]).square(), weights)
    saturation = weighted_mean(safe_sqrt(chroma.square().sum(1, keepdim=True)), weights) / MAX_CHROMA
    mean = weighted_mean(chroma, weights)
    warmth = (mean[:, :1] * math.cos(WARM_HUE) + mean[:, 1:] * math.sin(WARM_HUE)) / MAX_WARMTH
    return torch.cat([lightness, 2 * safe_sqrt(variance), saturation, warmth], 1)
