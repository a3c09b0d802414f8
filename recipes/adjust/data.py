"""Training data: pictures, and the attributes of others as targets."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from bottega.personalize import ATTRIBUTES, analyze
from bottega.personalize.analysis.pixels import ANALYSIS_SIDE
from bottega.training import PictureSet, load_pictures
from bottega.training.augment import random_crop, random_uniform
from recipes.adjust.config import AdjustRecipe
from recipes.split import training_files

MIN_CROP, MAX_CROP = 1.0, 1.16
"""Side of the crop, as a multiple of the size of analysis: nearly the whole picture."""

FACES = "kaokore"  # painted faces are half as large as the others and many: one in four is used


def random_batch(
    pictures: PictureSet, recipe: AdjustRecipe, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """A batch: pictures ``(N, 3, 192, 192)`` in [0, 1], requested attributes ``(N, D)``, measured of
    other pictures, and their mask."""
    chosen = torch.randint(len(pictures), (2, recipe.batch), generator=generator).tolist()
    views, others = (torch.stack([_view(pictures, i, generator) for i in indices]) for indices in chosen)
    mask = torch.stack([random_mask(recipe, generator) for _ in views])
    with torch.no_grad():
        return views, analyze(others), mask


def random_mask(recipe: AdjustRecipe, generator: torch.Generator) -> Tensor:
    """Which attributes are requested: all, one, or each with chance one half; at least one. ``(D,)`` bool."""
    kind = random_uniform(generator, 0, 1)
    count = len(ATTRIBUTES)
    one = int(torch.randint(count, (1,), generator=generator))
    requested = torch.zeros(count, dtype=torch.bool)
    if kind < recipe.all_share:
        requested[:] = True
    elif kind > recipe.all_share + recipe.one_share:
        requested = torch.rand(count, generator=generator) < 0.5
    requested[one] = True
    sizes = torch.tensor([a.columns.stop - a.columns.start for a in ATTRIBUTES.values()])
    return requested.repeat_interleave(sizes)


def load_training_pictures(root: Path, recipe: AdjustRecipe) -> PictureSet:
    """All training pictures, decoded.

    Raises:
        SettingsError: ``root`` is not the collection.
        PictureError: none of its pictures can be read.
    """
    files = training_files(root, recipe.clean)
    faces = [file for file in files if FACES in file.parts]
    others = [file for file in files if FACES not in file.parts] + faces[::4]
    return load_pictures(sorted(others), recipe.short_side)


def _view(pictures: PictureSet, index: int, generator: torch.Generator) -> Tensor:
    window = ANALYSIS_SIDE * random_uniform(generator, MIN_CROP, MAX_CROP)
    return random_crop(pictures.get_readable(index), window, ANALYSIS_SIDE, generator)
