"""Distortions of a picture's texture that keep its palette: hard negatives, and a task of their own.

Each is a thing that style transfer with poor features does to a picture (noise, ringing, blur, stripes,
scrambled phase …). The statistics of an encoder that recognizes them cannot be matched by such results.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers import gaussian_blur
from bottega.training.augment import random_uniform

Distortion = Callable[[Tensor, torch.Generator], Tensor]
"""Maps one picture ``(3, H, W)`` to another; values may leave [0, 1]."""


def noise(x: Tensor, generator: torch.Generator) -> Tensor:
    """White noise on every channel."""
    return x + random_uniform(generator, 0.05, 0.2) * torch.randn(x.shape, generator=generator)


def mottle(x: Tensor, generator: torch.Generator) -> Tensor:
    """Soft colored noise, one to two pixels wide."""
    soft = _soft(torch.randn(x.shape, generator=generator), random_uniform(generator, 0.7, 1.5))
    return x + random_uniform(generator, 0.08, 0.2) * soft / soft.std()


def blur(x: Tensor, generator: torch.Generator) -> Tensor:
    """Out of focus."""
    return _soft(x, random_uniform(generator, 0.8, 2.5))


def ringing(x: Tensor, generator: torch.Generator) -> Tensor:
    """Sharpened far too much."""
    return x + random_uniform(generator, 1.0, 4.0) * (x - _soft(x, random_uniform(generator, 0.7, 2.0)))


def scramble(x: Tensor, generator: torch.Generator) -> Tensor:
    """The same spectrum with random phases: all edges and strokes dissolve."""
    phase = torch.fft.rfft2(torch.randn(x.shape[-2:], generator=generator))
    phase[0, 0] = 1  # the mean stays: negated, it would leave a black picture
    return torch.fft.irfft2(torch.fft.rfft2(x) * phase / phase.abs().clamp_min(1e-6), s=x.shape[-2:])


def shuffle(x: Tensor, generator: torch.Generator) -> Tensor:
    """Square pieces change places."""
    side = 4 * int(torch.randint(1, 4, (), generator=generator))
    height, width = (length // side * side for length in x.shape[-2:])
    pieces = F.unfold(x[None, :, :height, :width], side, stride=side)
    order = torch.randperm(pieces.shape[-1], generator=generator)
    mixed = F.fold(pieces[..., order], (height, width), side, stride=side)[0]
    return F.pad(mixed, (0, x.shape[-1] - width, 0, x.shape[-2] - height), mode="replicate")


def posterize(x: Tensor, generator: torch.Generator) -> Tensor:
    """Few levels of each channel."""
    levels = int(torch.randint(2, 5, (), generator=generator))
    return (x * levels).round() / levels


def stripes(x: Tensor, generator: torch.Generator) -> Tensor:
    """A wave pattern of 2.5 to 10 pixels in some direction, in some color, of varying strength."""
    height, width = x.shape[-2:]
    angle, period = random_uniform(generator, 0, math.pi), random_uniform(generator, 2.5, 10)
    down, across = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    wave = torch.sin(2 * math.pi * (down * math.sin(angle) + across * math.cos(angle)) / period)
    color = torch.randn(3, 1, 1, generator=generator)
    patches = _soft(torch.randn(1, height, width, generator=generator), 6.0)
    strength = random_uniform(generator, 0.1, 0.3) * (patches / patches.std()).clamp(0, 1.5)
    return x + strength * wave * color / color.norm()


def pixelate(x: Tensor, generator: torch.Generator) -> Tensor:
    """Square pixels of two to four."""
    factor = int(torch.randint(2, 5, (), generator=generator))
    return F.interpolate(F.avg_pool2d(x[None], factor), x.shape[-2:], mode="nearest")[0]


def frost(x: Tensor, generator: torch.Generator) -> Tensor:
    """Every pixel is taken from a random place nearby, as through frosted glass."""
    height, width = x.shape[-2:]
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    grid = torch.stack([columns, rows], -1)
    reach = random_uniform(generator, 1.5, 5) * 2 / max(height, width)
    grid = grid + reach * (torch.rand(grid.shape, generator=generator) * 2 - 1)
    return F.grid_sample(x[None], grid[None], padding_mode="reflection", align_corners=True)[0]


def enlarge(x: Tensor, generator: torch.Generator) -> Tensor:
    """The center, enlarged 1.6 to 3 times: strokes too large and too soft."""
    side = round(x.shape[-1] / random_uniform(generator, 1.6, 3))
    top = int(torch.randint(x.shape[-2] - side + 1, (), generator=generator))
    left = int(torch.randint(x.shape[-1] - side + 1, (), generator=generator))
    piece = x[None, :, top : top + side, left : left + side]
    return F.interpolate(piece, x.shape[-2:], mode="bicubic")[0]


DISTORTIONS: tuple[Distortion, ...] = (
    noise, mottle, blur, ringing, scramble, shuffle, posterize, stripes, pixelate, frost, enlarge,
)  # fmt: skip


def distort(pictures: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Each of ``(N, 3, H, W)`` distorted in one way.

    Returns:
        The pictures in [0, 1], and the index of each one's distortion, ``(N,)``, from one.
    """
    kinds = torch.randint(len(DISTORTIONS), (len(pictures),), generator=generator)
    distorted = [DISTORTIONS[int(k)](x, generator).clamp(0, 1) for x, k in zip(pictures, kinds, strict=True)]
    return torch.stack(distorted), kinds + 1


def _soft(x: Tensor, sigma: float) -> Tensor:
    return gaussian_blur(x[None], sigma)[0]
