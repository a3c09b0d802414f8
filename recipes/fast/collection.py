"""Training of networks with fixed styles on the photographs of the collection."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from bottega import encoders
from bottega.errors import SettingsError
from bottega.runtime import configure_malloc
from bottega.training import Console, check_resume_settings, load_pictures
from bottega.transfer.training.fit import (
    SHORT_SIDE_PIXELS,
    VALIDATION_PICTURES,
    ContentPhotos,
    build_trainer,
    load_best_weights,
)
from bottega.transfer.training.settings import CHANGEABLE_ON_RESUME, FitSettings
from bottega.transfer.training.tasks import TrainingTask
from recipes.command_line import train_for_minutes
from recipes.micro.dataset import STYLE_FOLDERS
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


def train_on_collection(recipe: FitSettings, task: TrainingTask, root: Path, run: Path) -> dict[str, Any]:
    """Train ``task``, or resume; it then has its best weights. Returns metadata for its file."""
    configure_malloc()
    check_resume_settings(recipe, run, sorted(type(recipe).model_fields.keys() - set(CHANGEABLE_ON_RESUME)))
    photos = collection_photos(root)
    trainer = build_trainer(recipe, task, encoders.load_encoder(recipe.encoder), photos, run, [Console()])
    train_for_minutes(trainer, recipe, run, math.inf, f"{len(photos.training)} photographs")
    return {"recipe": recipe.model_dump(mode="json"), "losses": load_best_weights(trainer)}
