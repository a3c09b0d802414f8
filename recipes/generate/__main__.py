"""Train a packaged generator: ``python -m recipes.generate --data COLLECTION --run runs/faces``.

Runs on any device, saves every minute, resumes where it stopped, writes a sheet of samples with every
validation, and at the end of every slice ``generator.safetensors`` (the best) and ``last.safetensors``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts

from bottega.generation import save
from bottega.generation.training import best_generator, build_trainer, last_generator, load_dataset
from bottega.runtime import configure_malloc
from bottega.training import Console, check_resume_settings
from recipes.command_line import run_app, train_for_minutes
from recipes.generate.config import GenerateRecipe
from recipes.generate.sets import files_by_class

app = cyclopts.App(help=__doc__)

FIXED = ("pictures", "size", "grow", "width", "batch", "seed")


@app.default
def train(
    *,
    data: Path,
    run: Path,
    minutes: float = float("inf"),
    recipe: Annotated[GenerateRecipe | None, cyclopts.Parameter(name="*")] = None,
) -> None:
    """Train, or resume a training.

    Parameters
    ----------
    data
        The picture collection (see ``recipes/split.py``).
    run
        Folder for checkpoints, metrics, samples and results.
    minutes
        Stop after this long; the next call resumes.
    recipe
        The settings of the training.
    """
    recipe = recipe or GenerateRecipe()
    configure_malloc()
    files = files_by_class(recipe.pictures, data)
    check_resume_settings(recipe, run, FIXED)
    dataset = load_dataset(files, recipe.size, crop=recipe.crop)
    trainer = build_trainer(recipe.settings, dataset, run, (Console(),))
    summary = f"{len(dataset.pictures)} pictures, {len(dataset.classes)} classes, {recipe.size} pixels"
    train_for_minutes(trainer, recipe, run, minutes, summary)
    metadata = {"recipe": recipe.model_dump(mode="json")}
    save(last_generator(trainer), run / "last.safetensors", metadata)
    generator, figures = best_generator(trainer)
    best = run / "generator.safetensors"
    print(f"wrote {best} ({save(generator, best, {**metadata, 'figures': figures}, half=True)})", flush=True)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, args)


if __name__ == "__main__":
    sys.exit(main())
