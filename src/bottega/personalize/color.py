"""Reading colour: lightness, contrast, saturation, warmth."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bottega.personalize.seen import mean, root

MOST_CHROMA = 0.3225
"""Chroma of the most vivid colour of sRGB, magenta."""

MOST_WARMTH = 0.3
"""Pure blue lies 0.29 on the cool side of grey, pure red 0.22 on the warm one."""

WARM = math.radians(60)
"""Hue of the warm axis in OKLab: orange; its opposite is azure."""


def read_color(lab: Tensor, weights: Tensor | None = None) -> Tensor:
    """``(N, 4)`` from OKLab pictures ``(N, 3, H, W)``.

    lightness = mean L; contrast = 2 · deviation of L, 1 for black and white in equal parts; saturation = mean
    chroma / 0.3225; warmth = mean of (a cos 60° + b sin 60°) / 0.3.
    """
    light, chroma = lab[:, :1], lab[:, 1:]
    lightness = mean(light, weights)
    contrast = 2 * root(mean((light - lightness[:, :, None, None]).square(), weights))
    saturation = mean(root(chroma.square().sum(1, keepdim=True)), weights) / MOST_CHROMA
    tones = mean(chroma, weights)
    warmth = (tones[:, :1] * math.cos(WARM) + tones[:, 1:] * math.sin(WARM)) / MOST_WARMTH
    return torch.cat([lightness, contrast, saturation, warmth], 1)
