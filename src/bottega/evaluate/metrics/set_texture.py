"""How near the textures of one set come to those of another, octave by octave, without any network."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from bottega.errors import PictureError
from bottega.evaluate.metrics.patch_swd import FLATTEST, PATCH, SMALLEST_SIDE, TextureDistance, wasserstein_1d
from bottega.layers import laplacian_pyramid

PER_PICTURE = 128
DIRECTIONS = 128


@dataclass
class PatchSample:
    """Random 7 × 7 patches of the Laplacian pyramids of a set, gathered picture by picture.

    Attributes:
        side: pictures are squares of that many pixels; as many octaves are looked at as they have, down to
            16.
        per_picture: patches taken from each level of each picture.
        seed: of the places.
    """

    side: int
    per_picture: int = PER_PICTURE
    seed: int = 0
    levels: list[list[Tensor]] = field(init=False)
    generator: torch.Generator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.side < SMALLEST_SIDE:
            raise PictureError(
                f"Textures are compared at {SMALLEST_SIDE} pixels or more, not at {self.side}."
            )
        self.levels = [[] for _ in range((self.side // SMALLEST_SIDE).bit_length())]
        self.generator = torch.Generator().manual_seed(self.seed)

    def add(self, pictures: Tensor) -> None:
        """Take patches of pictures ``(N, 3, side, side)`` in [0, 1].

        Raises:
            PictureError: another shape.
        """
        if pictures.shape[1:] != (3, self.side, self.side):
            raise PictureError(
                f"Patches are taken of pictures (N, 3, {self.side}, {self.side}), not of "
                f"{tuple(pictures.shape)}."
            )
        for found, level in zip(
            self.levels, laplacian_pyramid(pictures.float().cpu(), len(self.levels)), strict=True
        ):
            found.append(self._patches(level))

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

    def _patches(self, level: Tensor) -> Tensor:
        count, height, width = len(level), level.shape[2], level.shape[3]
        shape = (count, self.per_picture, 1, 1)
        tops = torch.randint(height - PATCH + 1, shape, generator=self.generator)
        lefts = torch.randint(width - PATCH + 1, shape, generator=self.generator)
        steps = torch.arange(PATCH)
        which = torch.arange(count).view(-1, 1, 1, 1)
        patches = level.permute(0, 2, 3, 1)[which, tops + steps.view(-1, 1), lefts + steps]
        return patches.flatten(0, 1).flatten(1, 2).transpose(1, 2)


def sliced_wasserstein_sets(found: PatchSample, target: PatchSample, *, seed: int = 0) -> TextureDistance:
    """Sliced Wasserstein distance of two sets (Karras et al. 2018, arXiv 1710.10196, section 5).

    As :func:`~bottega.evaluate.sliced_wasserstein` for two pictures: in standard deviations of the
    *target* (they take each set's own, which hides a difference of contrast, and multiply by 1,000).

    Raises:
        PictureError: a set is empty, or the sides differ.
    """
    if found.side != target.side:
        raise PictureError(
            f"Textures of one size can be compared; these are of {found.side} and {target.side}."
        )
    generator = torch.Generator().manual_seed(seed)
    distances = []
    for level in range(len(target.levels)):
        ours, theirs = found.rows(level), target.rows(level)
        mean = theirs.mean(dim=(0, 2), keepdim=True)
        deviation = (
            theirs.transpose(0, 1).flatten(1).std(dim=1, correction=0).clamp_min(FLATTEST).view(1, 3, 1)
        )
        axes = torch.randn(3 * PATCH * PATCH, DIRECTIONS, generator=generator)
        axes = axes / axes.norm(dim=0)
        a = ((ours - mean) / deviation).flatten(1) @ axes
        b = ((theirs - mean) / deviation).flatten(1) @ axes
        distances.append(wasserstein_1d(a, b).mean().item())
    return TextureDistance(tuple(distances))
