"""Texture: octaves of detail raised or lowered, areas flattened, strokes turned, grain added."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.personalize.adjustment import Adjustment
from bottega.personalize.seen import seen
from bottega.personalize.texture import detail

MOST_GAIN = 1.4
"""Largest logarithm of a gain: four times as strong, or a quarter."""

EDGE = 0.002
"""Variance of lightness at which the flattening filter keeps half of what varies."""

REACH = 3
"""Pixels to each side that the flattening filter looks at, of 192."""

GRAIN = 0.06
"""Deviation of the strongest grain, in lightness."""

TURN = 2.0
"""How far the strongest turn lengthens strokes that run its way, and shortens those across it."""

STROKE = 7
"""Length in pixels, of 192, over which strokes are followed."""


def textured(lab: Tensor, adjustment: Adjustment) -> Tensor:
    """OKLab ``(N, 3, H, W)`` with its detail adjusted.

    Worked at the size at which pictures are read; larger ones take over the change, and what is finer than
    that follows the finest octave.
    """
    small = seen(lab)
    changed, gain = _changed(small, adjustment)
    if small.shape == lab.shape:
        return changed
    size = lab.shape[-2:]
    difference = F.interpolate(changed - small, size, mode="bilinear", align_corners=False)
    finer = lab - F.interpolate(small, size, mode="bilinear", align_corners=False)
    finest = F.interpolate(gain, size, mode="bilinear", align_corners=False)
    return lab + difference + (finest - 1) * finer


def _changed(lab: Tensor, adjustment: Adjustment) -> tuple[Tensor, Tensor]:
    """The picture at the size of reading, and the gain of its finest octave ``(N, 1, H, W)``."""
    size = lab.shape[-2:]
    amount = torch.tanh(F.interpolate(adjustment.flatten, size, mode="bilinear", align_corners=True))
    flat = lab + amount * (flattened(lab) - lab)
    strength = GRAIN * torch.tanh(adjustment.strokes[:, 2:, None, None])
    light = flat[:, :1] + strength * grain(*size).to(flat)
    rough = torch.cat([light, flat[:, 1:]], 1)
    gains = (MOST_GAIN * torch.tanh(adjustment.detail / MOST_GAIN)).exp()
    bands = detail(rough, gains.shape[1])
    rest = rough
    for number, band in enumerate(bands):
        if number:
            band = F.interpolate(band, size, mode="bilinear", align_corners=False)
        finest = F.interpolate(gains[:, number : number + 1], size, mode="bilinear", align_corners=True)
        rest = rest + (finest - 1) * band
        if number == 0:
            first = finest
    return rest + turned(rest - soft(rest, 2), adjustment.strokes[:, :2]), first


def flattened(lab: Tensor, reach: int = REACH) -> Tensor:
    """Areas flat, edges kept: the guided filter with lightness as its guide (He, Sun and Tang 2013)."""
    light = lab[:, :1]
    means = soft(torch.cat([lab, light.square()], 1), reach)
    variance = (means[:, 3:] - means[:, :1].square()).clamp_min(0)
    kept = soft(variance / (variance + EDGE), reach)
    return means[:, :3] + kept * (lab - means[:, :3])


def soft(planes: Tensor, reach: int) -> Tensor:
    """Means over squares of ``2 · reach + 1`` pixels, less at the edges."""
    return F.avg_pool2d(planes, 2 * reach + 1, 1, reach, count_include_pad=False)


def turned(fine: Tensor, direction: Tensor) -> Tensor:
    """What to add to a picture so that the strokes of its fine detail ``(N, C, H, W)`` turn.

    Means along four directions keep strokes that run so; those along ``direction (N, 2)`` (cos 2φ, sin 2φ)
    are added, those across it taken away. Colours turn along: lightness alone would leave them as fringes.
    """
    flat, rising, upright, falling = _along(fine)
    plain, oblique = (TURN * torch.tanh(direction))[..., None, None, None].unbind(1)
    return plain * (flat - upright) + oblique * (rising - falling)


def grain(height: int, width: int) -> Tensor:
    """Noise of unit deviation, ``(1, 1, H, W)``, the same for the same size: a canvas."""
    generator = torch.Generator().manual_seed(7)
    noise = torch.randn(1, 1, height, width, generator=generator)
    coarse = torch.randn(1, 1, (height + 1) // 2, (width + 1) // 2, generator=generator)
    noise = soft(noise, 1) * 2 + F.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)
    return noise / noise.std()


def _along(fine: Tensor) -> tuple[Tensor, ...]:
    """Means over ``STROKE`` pixels along 0°, 45°, 90° and 135° (counterclockwise), each ``(N, C, H, W)``."""
    line = torch.eye(STROKE).to(fine) / STROKE
    flat = torch.zeros_like(line)
    flat[STROKE // 2] = 1 / STROKE
    kernels = torch.stack([flat, line.flip(1), flat.T, line])[:, None]
    planes = F.pad(fine.flatten(0, 1)[:, None], (STROKE // 2,) * 4, mode="reflect")
    return F.conv2d(planes, kernels).view(*fine.shape[:2], 4, *fine.shape[2:]).unbind(2)
