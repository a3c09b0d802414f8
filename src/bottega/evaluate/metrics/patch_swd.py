"""How near one texture comes to another, without any learned features."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.errors import PictureError
from bottega.layers import extract_patches, laplacian_pyramid

PATCH = 7
SMALLEST_SIDE = 16
# A channel that hardly varies is not stretched beyond this deviation, a quarter of an 8-bit step.
FLATTEST = 1e-3


@dataclass(frozen=True)
class TextureDistance:
    """Sliced Wasserstein distances, 0 for equal textures, in standard deviations of the target.

    Attributes:
        levels: one distance per pyramid level, from the finest detail to the low-pass rest.
        mean: of the levels.
    """

    levels: tuple[float, ...]

    @property
    def mean(self) -> float:
        return sum(self.levels) / len(self.levels)


def sliced_wasserstein(
    picture: Tensor, target: Tensor, *, patches: int = 16384, directions: int = 256, seed: int = 0
) -> TextureDistance:
    """Sliced Wasserstein distance between the 7 × 7 patches of Laplacian pyramids.

    After Karras et al. (2018, arXiv 1710.10196, section 5), who compare two sets of pictures. For one picture
    and one target this differs: each colour channel of a level is normalised by the *target's* mean and
    deviation there, so that all pictures compared with one target share the unit; all patches are taken
    up to ``patches``; and sets of different size are compared exactly, through their quantile functions.

    Args:
        picture, target: ``(1, 3, H, W)`` in [0, 1]; sizes may differ, both sides at least 16 pixels. As many
            octaves are compared as the smaller one has, down to 16 pixels.
        patches: most patches per level; beyond it a seeded choice is made.
        directions: random directions, seeded.

    Raises:
        PictureError: a picture is smaller than 16 pixels or is a batch of several.
    """
    for each in (picture, target):
        if each.shape[:2] != (1, 3) or min(each.shape[-2:]) < SMALLEST_SIDE:
            raise PictureError(
                f"The texture distance compares two pictures of {SMALLEST_SIDE} pixels or more; "
                f"one has the shape {tuple(each.shape)} instead of (1, 3, height, width)."
            )
    short = min(*picture.shape[-2:], *target.shape[-2:])
    depth = (short // SMALLEST_SIDE).bit_length()
    generator = torch.Generator().manual_seed(seed)
    found = laplacian_pyramid(picture.detach().float().cpu(), depth)
    expected = laplacian_pyramid(target.detach().float().cpu(), depth)
    distances = []
    for level, aim in zip(found, expected, strict=True):
        mean = aim.mean(dim=(0, 2, 3), keepdim=True)
        deviation = aim.std(dim=(0, 2, 3), keepdim=True, correction=0).clamp_min(FLATTEST)
        axes = torch.randn(3 * PATCH * PATCH, directions, generator=generator)
        axes = axes / axes.norm(dim=0)
        a = _chosen_patches((level - mean) / deviation, patches, generator) @ axes
        b = _chosen_patches((aim - mean) / deviation, patches, generator) @ axes
        distances.append(wasserstein_1d(a, b).mean().item())
    return TextureDistance(tuple(distances))


def wasserstein_1d(a: Tensor, b: Tensor) -> Tensor:
    """Exact Wasserstein-1 distance of the columns of ``a (n, d)`` and ``b (m, d)`` as samples, ``(d,)``.

    The area between the two quantile functions, which are constant between multiples of 1/n and 1/m.
    """
    n, m = len(a), len(b)
    a, b = a.sort(dim=0).values, b.sort(dim=0).values
    # In units of 1/(n·m) all steps are whole numbers, so nothing is lost to rounding.
    steps = torch.unique(torch.cat([torch.arange(1, n + 1) * m, torch.arange(1, m + 1) * n]))
    widths = torch.diff(steps, prepend=steps.new_zeros(1)).to(a.dtype) / (n * m)
    apart = (a[(steps - 1) // m] - b[(steps - 1) // n]).abs()
    return (widths.unsqueeze(1) * apart).sum(dim=0)


def _chosen_patches(level: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Patches as rows, ``(patches, 3 · 7 · 7)``; a random choice where there are more than ``most``."""
    rows = extract_patches(level, PATCH)[0]
    if len(rows) <= most:
        return rows
    return rows[torch.randperm(len(rows), generator=generator)[:most]]
