"""Batches of contents and styles, with a strength and a second frame each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.training import PictureSet, load_pictures
from bottega.training.augment import random_crop, random_uniform
from recipes.pairs import PairRecipe
from recipes.split import training_files

STYLE_FOLDERS = frozenset({"paintings", "kaokore"})


@dataclass(frozen=True)
class PairBatch:
    """A batch.

    Attributes:
        contents, styles: ``(N, 3, size, size)``.
        following: the contents with fresh noise on them, as the next frame of a camera has.
        strength: ``(N, 1)`` in [0, 1].
        same: ``(N,)``, 1 where the style is the content (mirrored), else 0.
    """

    contents: Tensor
    styles: Tensor
    following: Tensor
    strength: Tensor
    same: Tensor

    def to(self, device: torch.device) -> PairBatch:
        """The batch on another device."""
        tensors = (self.contents, self.styles, self.following, self.strength, self.same)
        return PairBatch(*(tensor.to(device) for tensor in tensors))


@dataclass(frozen=True)
class PairDataset:
    """Pictures to draw contents and styles from: photographs and paintings."""

    contents: Sequence[Tensor]
    styles: Sequence[Tensor]
    broken: Sequence[tuple[Path, str]]

    def draw(self, recipe: PairRecipe, generator: torch.Generator) -> PairBatch:
        """One batch; all randomness comes from ``generator``."""
        contents = self._crops(self.contents, recipe, recipe.content_window, generator)
        styles = self._crops(self.styles, recipe, recipe.style_window, generator)
        same = (torch.rand(recipe.batch, generator=generator) < recipe.identity_share).float()
        # A picture's mirror image has its style, but not its pixels: the network has to learn that.
        styles = torch.where(same.view(-1, 1, 1, 1) > 0, contents.flip(-1), styles)
        partial = torch.rand(recipe.batch, 1, generator=generator) < recipe.partial_share
        strength = torch.where(partial, torch.rand(recipe.batch, 1, generator=generator), 1.0)
        noise = torch.randn(contents.shape, generator=generator) * recipe.noise
        return PairBatch(contents, styles, (contents + noise).clamp(0, 1), strength, same)

    @staticmethod
    def _crops(
        pictures: Sequence[Tensor],
        recipe: PairRecipe,
        window: tuple[float, float],
        generator: torch.Generator,
    ) -> Tensor:
        chosen = torch.randint(len(pictures), (recipe.batch,), generator=generator)
        low, high = (math.log(side * recipe.size) for side in window)
        return torch.stack(
            [
                random_crop(
                    pictures[i], math.exp(random_uniform(generator, low, high)), recipe.size, generator
                )
                for i in chosen.tolist()
            ]
        )


def load_dataset(root: Path, recipe: PairRecipe) -> PairDataset:
    """Everything that may be trained on, decoded.

    Raises:
        SettingsError: ``root`` is not the collection, or has no photographs or no paintings.
        PictureError: none of its pictures can be read.
    """
    return split_by_folder(root, load_pictures(training_files(root, recipe.clean), recipe.short_side))


def split_by_folder(root: Path, pictures: PictureSet) -> PairDataset:
    """Contents and styles by the folder that they lie in."""
    kinds = [file.relative_to(root).parts[0] in STYLE_FOLDERS for file in pictures.files]
    styles = [picture for picture, is_style in zip(pictures, kinds, strict=True) if is_style]
    photographs = [p for p, is_style in zip(pictures, kinds, strict=True) if not is_style]
    if not styles or not photographs:
        raise SettingsError(
            f"{root} needs photographs for contents and paintings for styles; one is missing."
        )
    return PairDataset(photographs, styles, pictures.broken)
