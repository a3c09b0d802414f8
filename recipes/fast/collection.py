"""The package's own training of networks with fixed styles, on the photographs of the collection."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from bottega import encoders
from bottega.errors import SettingsError
from bottega.runtime import tune_allocator
from bottega.training import Console, check_resume_settings, load_pictures
from bottega.transfer.training.fit import CHECKED, SHORT_SIDE, Photographs, prepare, take_best
from bottega.transfer.training.settings import ANSWERS, FitSettings
from bottega.transfer.training.tasks import Goal
from recipes.micro.material import STYLE_FOLDERS
from recipes.slices import train_slice
from recipes.split import held_out_photographs, training_files


def collection_photographs(root: Path) -> Photographs:
    """Freely licensed photographs to train on, and a few held-out ones to validate on.

    Raises:
        SettingsError: ``root`` is not the collection, or has no photographs.
    """
    files = [file for file in training_files(root) if file.relative_to(root).parts[0] not in STYLE_FOLDERS]
    checked = held_out_photographs(root, clean=True)[:CHECKED]
    if not files or not checked:
        raise SettingsError(f"{root} has no photographs to train on, or none to validate on.")
    return Photographs(load_pictures(files, SHORT_SIDE), load_pictures(checked, SHORT_SIDE), own=True)


def fit_slice(recipe: FitSettings, goal: Goal, root: Path, run: Path) -> dict[str, Any]:
    """Train ``goal``, or go on; it then has its best weights. Returns facts for its file."""
    tune_allocator()
    check_resume_settings(recipe, run, sorted(type(recipe).model_fields.keys() - set(ANSWERS)))
    photographs = collection_photographs(root)
    loop = prepare(recipe, goal, encoders.load(recipe.encoder), photographs, run, [Console()])
    train_slice(loop, recipe, run, math.inf, f"{len(photographs.training)} photographs")
    return {"recipe": recipe.model_dump(mode="json"), "losses": take_best(loop)}
