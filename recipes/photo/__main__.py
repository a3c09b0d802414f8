"""Train the packaged photorealistic network: ``python -m recipes.photo --data FOLDER --run runs/photo``.

Runs on whatever there is, saves every minute, goes on where it stopped, writes a sheet of samples now and
then, and ``photo.safetensors`` into the run folder at the end of every slice.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts

from bottega.runtime import configure_malloc
from bottega.training import check_resume_settings
from recipes.command_line import run_app, train_for_minutes
from recipes.micro.dataset import load_dataset
from recipes.photo.config import PhotoRecipe
from recipes.photo.train import averaged_network, export, prepare

app = cyclopts.App(help=__doc__)


@app.default
def train(
    *,
    data: Path,
    run: Path,
    minutes: float = float("inf"),
    recipe: Annotated[PhotoRecipe | None, cyclopts.Parameter(name="*")] = None,
) -> None:
    """Train, or go on training.

    Parameters
    ----------
    data
        The picture collection (see ``recipes/split.py``).
    run
        Folder for checkpoint, metrics, samples and result.
    minutes
        Stop after this long; the next call goes on.
    recipe
        The settings of the training.
    """
    recipe = recipe or PhotoRecipe()
    configure_malloc()
    check_resume_settings(recipe, run, ("seed",))
    dataset = load_dataset(data, recipe)
    loop = prepare(recipe, dataset, run)
    description = f"{len(dataset.contents)} photographs, {len(dataset.styles)} paintings"
    train_for_minutes(loop, recipe, run, minutes, description)
    target = run / "photo.safetensors"
    print(f"wrote {target} ({export(recipe, averaged_network(recipe, loop.checkpoint), target)})")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, words)


if __name__ == "__main__":
    sys.exit(main())
