"""Training of networks with fixed styles on the photographs of the collection."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from bottega import encoders
from bottega.errors import SettingsError
from bottega.runtime import configure_malloc
from bottega.training import Console, check_same, load_pictures
from bottega.transfer.training.fit import CHECKED, SHORT_SIDE, Photographs, prepare, take_best
from bottega.transfer.training.settings import ANSWERS, FitSettings
from bottega.transfer.training.tasks import Goal
from recipes.micro.material import STYLE_FOLDERS
from recipes.slices import train_slice
from recipes.split import held_out_photographs, training_files


def collection_photos(root: Path) -> ContentPhotos:
    """Freely licensed photographs for training, and a few held-out ones for validation.

    Raises:
        SettingsError: ``root`` is not the collection, or has no photographs.
    """
    files = [file for file in training_files(root) if file.relative_to(root).parts[0] not in STYLE_FOLDERS]
    held_out = held_out_photographs(root, clean=True)[:VALIDATION_PICTURES]
    if not files or not held_out:
        raise SettingsError(f"{root} has no photographs to train on, or none to validate on.")
    training, validation = load_pictures(files, SHORT_SIDE_PIXELS), load_pictures(held_out, SHORT_SIDE_PIXELS)
    return ContentPhotos(training, validation, from_user=True)


def fit_slice(recipe: FitSettings, goal: Goal, root: Path, run: Path) -> dict[str, Any]:
    """Train ``goal``, or go on; it then has its best weights. Returns facts for its file."""
    configure_malloc()
    check_same(recipe, run, sorted(type(recipe).model_fields.keys() - set(ANSWERS)))
    photographs = collection_photographs(root)
    loop = prepare(recipe, goal, encoders.load(recipe.encoder), photographs, run, [Console()])
    train_slice(loop, recipe, run, math.inf, f"{len(photographs.training)} photographs")
    return {"recipe": recipe.model_dump(mode="json"), "losses": take_best(loop)}
