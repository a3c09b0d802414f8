"""Pictures, and the conditions of other pictures that are asked of them."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from bottega.personalize import ATTRIBUTES, read
from bottega.personalize.seen import READ_SIDE
from bottega.training import PictureSet, load_pictures
from bottega.training.augment import random_crop, random_uniform
from recipes.adjust.config import AdjustRecipe
from recipes.split import training_files

SMALLEST = 1.0
LARGEST = 1.16
"""Side of the square that is cut out, as a multiple of what is read: nearly the whole picture."""

FACES = "kaokore"
"""Painted faces are half as large as the others and many: one in four takes part."""


def draw(
    pictures: PictureSet, recipe: AdjustRecipe, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """A batch: pictures ``(N, 3, 192, 192)`` in [0, 1], what is asked of them ``(N, D)``, and the mask of it.

    What is asked is read of other pictures.
    """
    chosen = torch.randint(len(pictures), (2, recipe.batch), generator=generator).tolist()
    views, others = (torch.stack([_view(pictures, i, generator) for i in numbers]) for numbers in chosen)
    mask = torch.stack([drawn_mask(recipe, generator) for _ in views])
    with torch.no_grad():
        return views, read(others), mask


def drawn_mask(recipe: AdjustRecipe, generator: torch.Generator) -> Tensor:
    """Which attributes are asked: all, one, or each with chance one half; at least one. ``(D,)`` bool."""
    draw = random_uniform(generator, 0, 1)
    count = len(ATTRIBUTES)
    one = int(torch.randint(count, (1,), generator=generator))
    asked = torch.zeros(count, dtype=torch.bool)
    if draw < recipe.all_share:
        asked[:] = True
    elif draw > recipe.all_share + recipe.one_share:
        asked = torch.rand(count, generator=generator) < 0.5
    asked[one] = True
    sizes = torch.tensor([part.part.stop - part.part.start for part in ATTRIBUTES.values()])
    return asked.repeat_interleave(sizes)


def load_material(root: Path, recipe: AdjustRecipe) -> PictureSet:
    """Everything that may be trained on, decoded.

    Raises:
        SettingsError: ``root`` is not the collection.
        PictureError: none of its pictures can be read.
    """
    files = training_files(root, recipe.clean)
    faces = [file for file in files if FACES in file.parts]
    kept = [file for file in files if FACES not in file.parts] + faces[::4]
    return load_pictures(sorted(kept), recipe.short_side)


def _view(pictures: PictureSet, number: int, generator: torch.Generator) -> Tensor:
    window = READ_SIDE * random_uniform(generator, SMALLEST, LARGEST)
    return random_crop(pictures.get_readable(number), window, READ_SIDE, generator)
