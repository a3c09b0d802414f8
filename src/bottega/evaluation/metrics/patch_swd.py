"""Texture distance without a network: sliced Wasserstein distance of Laplacian-pyramid patches.

After Karras et al. (2018, arXiv 1710.10196, section 5), who compare two sets of pictures. Here each color
channel of a level is normalized by the *target's* mean and standard deviation, so that everything compared
with one target shares the unit. (They take each set's own, which hides a difference of contrast, and multiply
by 1,000.)
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from bottega.errors import PictureError
from bottega.evaluation.metrics.checks import check_pictures
from bottega.layers import extract_patches, laplacian_pyramid

PATCH_SIZE = 7
MIN_SIDE_PIXELS = 16
MIN_DEVIATION = 1e-3  # a quarter of an 8-bit step; flatter channels are not stretched further
PATCHES_PER_PICTURE = 128
SET_DIRECTIONS = 128


@dataclass(frozen=True)
class TextureDistance:
    """Sliced Wasserstein distances, 0 for equal textures, in standard deviations of the target.

    Attributes:
        levels: one distance per pyramid level, from the finest detail to the low-pass residual.
        mean: of the levels.
    """

    levels: tuple[float, ...]

    @property
    def mean(self) -> float:
        return sum(self.levels) / len(self.levels)


def sliced_wasserstein(
    picture: Tensor,
    target: Tensor,
    *,
    patches: int = 16384,
    directions: int = 256,
    seed: int = 0,
    in_range: bool = True,
) -> TextureDistance:
    """Texture distance of two pictures.

    Sets of patches of different size are compared exactly, through their quantile functions.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1]; sizes may differ, both sides at least 16 pixels. As many
            octaves are compared as the smaller one has, down to 16 pixels.
        target: likewise.
        patches: maximum number of patches per level; above it a seeded random choice is made.
        directions: number of random directions, seeded.
        in_range: False accepts values outside [0, 1], such as standardized luminance.

    Raises:
        PictureError: a picture is smaller than 16 pixels, a batch of several, or outside [0, 1].

    Example:
        >>> sliced_wasserstein(result, style).mean
    """
    for each in (picture, target):
        if len(each) != 1:
            raise PictureError(f"The texture distance compares single pictures, not {tuple(each.shape)}.")
        check_pictures(each, channels=3, min_side=MIN_SIDE_PIXELS, in_range=in_range)
    depth = _octaves(min(*picture.shape[-2:], *target.shape[-2:]))
    generator = torch.Generator().manual_seed(seed)
    pyramids = (laplacian_pyramid(each.detach().float().cpu(), depth) for each in (picture, target))
    distances = []
    for level, reference in zip(*pyramids, strict=True):
        mean = reference.mean(dim=(0, 2, 3), keepdim=True)
        deviation = reference.std(dim=(0, 2, 3), keepdim=True, correction=0).clamp_min(MIN_DEVIATION)
        axes = _random_directions(directions, generator)
        a = _sample_patches((level - mean) / deviation, patches, generator) @ axes
        b = _sample_patches((reference - mean) / deviation, patches, generator) @ axes
        distances.append(wasserstein_1d(a, b).mean().item())
    return TextureDistance(tuple(distances))


@dataclass
class PatchSample:
    """Random 7 × 7 patches of the Laplacian pyramids of a set, collected picture by picture.

    Attributes:
        side: pictures are squares of that many pixels; their octaves down to 16 pixels are sampled.
        per_picture: patches from each level of each picture.
        seed: of the patch positions.
    """

    side: int
    per_picture: int = PATCHES_PER_PICTURE
    seed: int = 0
    levels: list[list[Tensor]] = field(init=False)
    generator: torch.Generator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.side < MIN_SIDE_PIXELS:
            raise PictureError(f"Textures need {MIN_SIDE_PIXELS} pixels or more each way, not {self.side}.")
        self.levels = [[] for _ in range(_octaves(self.side))]
        self.generator = torch.Generator().manual_seed(self.seed)

    def add(self, pictures: Tensor) -> None:
        """Sample patches of pictures ``(N, 3, side, side)`` in [0, 1].

        Raises:
            PictureError: another shape, or values outside [0, 1].
        """
        if pictures.shape[1:] != (3, self.side, self.side):
            raise PictureError(
                f"Patches are sampled from pictures (N, 3, {self.side}, {self.side}), not from "
                f"{tuple(pictures.shape)}."
            )
        check_pictures(pictures)
        pyramid = laplacian_pyramid(pictures.float().cpu(), len(self.levels))
        for samples, level in zip(self.levels, pyramid, strict=True):
            samples.append(self._sample(level))

    def rows(self, level: int) -> Tensor:
        """The patches of a level as rows, ``(patches, 3, 7 · 7)``.

        Raises:
            PictureError: no picture was added.
        """
        if not self.levels[level]:
            raise PictureError("There are no pictures in the set whose texture is to be compared.")
        return torch.cat(self.levels[level])

    def halves(self) -> tuple[PatchSample, PatchSample]:
        """The patches of every other picture, and those of the rest: what one set has by chance."""
        first, second = (PatchSample(self.side, self.per_picture, self.seed) for _ in range(2))
        first.levels = [level[::2] for level in self.levels]
        second.levels = [level[1::2] for level in self.levels]
        return first, second

    def _sample(self, level: Tensor) -> Tensor:
        count, height, width = len(level), level.shape[2], level.shape[3]
        shape = (count, self.per_picture, 1, 1)
        tops = torch.randint(height - PATCH_SIZE + 1, shape, generator=self.generator)
        lefts = torch.randint(width - PATCH_SIZE + 1, shape, generator=self.generator)
        steps = torch.arange(PATCH_SIZE)
        index = torch.arange(count).view(-1, 1, 1, 1)
        patches = level.permute(0, 2, 3, 1)[index, tops + steps.view(-1, 1), lefts + steps]
        return patches.flatten(0, 1).flatten(1, 2).transpose(1, 2)


def sliced_wasserstein_sets(sample: PatchSample, target: PatchSample, *, seed: int = 0) -> TextureDistance:
    """Texture distance of two sets, as :func:`sliced_wasserstein` for two pictures.

    Raises:
        PictureError: a set is empty, or the sides differ.
    """
    if sample.side != target.side:
        raise PictureError(f"Only textures of one size can be compared, not {sample.side} and {target.side}.")
    generator = torch.Generator().manual_seed(seed)
    distances = []
    for level in range(len(target.levels)):
        patches, reference = sample.rows(level), target.rows(level)
        mean = reference.mean(dim=(0, 2), keepdim=True)
        deviation = reference.transpose(0, 1).flatten(1).std(dim=1, correction=0)
        deviation = deviation.clamp_min(MIN_DEVIATION).view(1, 3, 1)
        axes = _random_directions(SET_DIRECTIONS, generator)
        a = ((patches - mean) / deviation).flatten(1) @ axes
        b = ((reference - mean) / deviation).flatten(1) @ axes
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
    differences = (a[(steps - 1) // m] - b[(steps - 1) // n]).abs()
    return (widths.unsqueeze(1) * differences).sum(dim=0)


def _octaves(side: int) -> int:
    return (side // MIN_SIDE_PIXELS).bit_length()


def _random_directions(count: int, generator: torch.Generator) -> Tensor:
    axes = torch.randn(3 * PATCH_SIZE * PATCH_SIZE, count, generator=generator)
    return axes / axes.norm(dim=0)


def _sample_patches(level: Tensor, limit: int, generator: torch.Generator) -> Tensor:
    """Patches as rows, ``(patches, 3 · 7 · 7)``; a random choice where there are more than ``limit``."""
    rows = extract_patches(level, PATCH_SIZE)[0]
    if len(rows) <= limit:
        return rows
    return rows[torch.randperm(len(rows), generator=generator)[:limit]]
