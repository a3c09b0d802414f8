"""Train a packaged generator: ``python -m recipes.generate --data COLLECTION --run runs/faces``.

Runs on whatever there is, saves every minute, goes on where it stopped, writes a sheet of samples with every
validation, and at the end of every slice ``generator.safetensors`` (the best) and ``last.safetensors``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts

from bottega.generate import save
from bottega.generate.training import best_generator, last_generator, load_material, prepare
from bottega.runtime import tune_allocator
from bottega.training import Console, check_resume_settings
from recipes.generate.config import GenerateRecipe
from recipes.generate.sets import pictures_of
from recipes.slices import call, train_slice

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
    """Train, or go on training.

    Parameters
    ----------
    data
        The picture collection (see ``recipes/split.py``).
    run
        Folder for checkpoints, metrics, samples and results.
    minutes
        Stop after this long; the next call goes on.
    recipe
        The settings of the training.
    """
    recipe = recipe or GenerateRecipe()
    tune_allocator()
    grouped = pictures_of(recipe.pictures, data)
    check_resume_settings(recipe, run, FIXED)
    material = load_material(grouped, recipe.size, crop=recipe.crop)
    loop = prepare(recipe.settings, material, run, (Console(),))
    facts = f"{len(material.pictures)} pictures, {len(material.classes)} classes, {recipe.size} pixels"
    train_slice(loop, recipe, run, minutes, facts)
    made = {"recipe": recipe.model_dump(mode="json")}
    save(last_generator(loop), run / "last.safetensors", made)
    generator, figures = best_generator(loop)
    best = run / "generator.safetensors"
    print(f"wrote {best} ({save(generator, best, {**made, 'figures': figures}, half=True)})", flush=True)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return call(app, words)


if __name__ == "__main__":
    sys.exit(main())
