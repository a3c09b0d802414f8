"""Train a packaged generator: ``python -m recipes.generate --data COLLECTION --run runs/faces``.

Runs on whatever there is, saves every minute, goes on where it stopped, writes a sheet of samples with every
validation, and into the folder of each size ``generator.safetensors`` (the best) and ``last.safetensors`` at
the end of every slice.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts

from bottega.generate import save
from bottega.generate.training import best_generator, last_generator, load_material, prepare
from bottega.runtime import tune_allocator
from bottega.training import Console, check_same
from recipes.generate.config import GenerateRecipe
from recipes.generate.sets import pictures_of
from recipes.slices import call, train_slice

app = cyclopts.App(help=__doc__)

FIXED = ("pictures", "width", "batch", "seed")


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
    end = time.monotonic() + 60 * minutes
    base = ""
    for stage in recipe.stages:
        folder = run / str(stage.size)
        check_same(recipe, folder, FIXED)
        material = load_material(grouped, stage.size, crop=recipe.crop)
        settings = recipe.settings(stage, base)
        loop = prepare(settings, material, folder, (Console(),))
        facts = f"{len(material.pictures)} pictures, {len(material.classes)} classes, {stage.size} pixels"
        train_slice(loop, recipe, folder, (end - time.monotonic()) / 60, facts)
        base = str(folder / "last.safetensors")
        made = {"recipe": recipe.model_dump(mode="json")}
        save(last_generator(loop), base, made)
        generator, figures = best_generator(loop)
        best = folder / "generator.safetensors"
        print(f"wrote {best} ({save(generator, best, {**made, 'figures': figures}, half=True)})", flush=True)
        if loop.done < stage.steps:
            break


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return call(app, words)


if __name__ == "__main__":
    sys.exit(main())
