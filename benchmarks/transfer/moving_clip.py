"""Clips with exactly known motion: a window that rests on, pans over or zooms into a photograph."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.video import Frame, UInt8Array

PAN = (3, 1)
"""Pixels per frame: whole ones, so that frames are compared without interpolation."""
ZOOM = 1.006
"""Per frame."""


@dataclass(frozen=True)
class MovingClip:
    """Frames with exactly known motion.

    Attributes:
        name: ``still``, ``pan`` or ``zoom``.
        frames: with sensor noise.
    """

    name: str
    frames: list[Frame]

    def warping_errors(self, stylized: list[UInt8Array]) -> list[float]:
        """Root mean square difference of each frame from the one before, moved along; in [0, 1]."""
        errors = []
        for before, now in pairwise(stylized):
            one, other = (
                torch.from_numpy(each).permute(2, 0, 1)[None].float() / 255 for each in (before, now)
            )
            warped, visible = _along(self.name, one, other)
            errors.append(float((warped - visible).square().mean().sqrt()))
        return errors


def make_clip(photograph: Tensor, name: str, count: int, size: tuple[int, int], noise: float) -> MovingClip:
    """A clip over ``photograph (1, 3, H, W)``; ``noise`` is Gaussian, its deviation in 8-bit steps."""
    generator = np.random.default_rng(7)
    frames = []
    for number in range(count):
        window = _window(photograph, name, number, count, size)[0].permute(1, 2, 0).numpy() * 255
        samples = window + generator.normal(0, noise, window.shape)
        pixels = np.clip(samples + 0.5, 0, 255).astype(np.uint8)
        frames.append(Frame(pixels, Fraction(number, 25), number))
    return MovingClip(name, frames)


def _window(picture: Tensor, name: str, number: int, count: int, size: tuple[int, int]) -> Tensor:
    height, width = picture.shape[-2:]
    h, w = size
    if name == "zoom":
        scale = ZOOM**number
        columns = width / 2 + (torch.arange(w) + 0.5 - w / 2) / scale
        rows = height / 2 + (torch.arange(h) + 0.5 - h / 2) / scale
        grid = torch.stack(torch.meshgrid(2 * columns / width - 1, 2 * rows / height - 1, indexing="xy"), -1)
        return F.grid_sample(picture, grid[None].float(), mode="bicubic", align_corners=False).clamp(0, 1)
    step = PAN if name == "pan" else (0, 0)
    left = (width - w - step[0] * count) // 2 + step[0] * number
    top = (height - h - step[1] * count) // 2 + step[1] * number
    return picture[..., top : top + h, left : left + w]


def _along(name: str, before: Tensor, now: Tensor) -> tuple[Tensor, Tensor]:
    """The frame before where it lies now, and the frame now, both without the borders that came in."""
    if name == "still":
        return before, now
    if name == "pan":
        right, down = PAN
        return before[..., down:, right:], now[..., :-down, :-right]
    h, w = now.shape[-2:]
    # What is at x now was nearer to the center before.
    grid = F.affine_grid(torch.eye(2, 3)[None], [1, 3, h, w], align_corners=False) / ZOOM
    warped = F.grid_sample(before, grid, mode="bicubic", padding_mode="border", align_corners=False)
    return warped[..., 4:-4, 4:-4], now[..., 4:-4, 4:-4]
