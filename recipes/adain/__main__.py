"""Train the AdaIN decoder: ``python -m recipes.adain --data FOLDER --run runs/adain``.

Runs on whatever there is, saves every minute, goes on where it stopped, writes a sheet of samples now and
then, and ``adain.safetensors`` into the run folder at the end of every slice.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts

from bottega.runtime import configure_malloc
from bottega.training import check_resume_settings
from recipes.adain.config import AdaINRecipe
from recipes.adain.train import averaged, export, prepare
from recipes.command_line import run_app, train_for_minutes
from recipes.micro.dataset import load_dataset

app = cyclopts.App(help=__doc__)


@app.default
def train(
    *,
    data: Path,
    run: Path,
    minutes: float = float("inf"),
    recipe: Annotated[AdaINRecipe | None, cyclopts.Parameter(name="*")] = None,
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
    recipe = recipe or AdaINRecipe()
    configure_malloc()
    check_resume_settings(recipe, run, ("seed", "encoder"))
    material = load_dataset(data, recipe)
    loop = prepare(recipe, material, run)
    facts = f"{len(material.contents)} photographs, {len(material.styles)} paintings"
    train_for_minutes(loop, recipe, run, minutes, facts)
    target = run / "adain.safetensors"
    print(f"wrote {target} ({export(recipe, averaged(recipe, loop.checkpoint), target)})")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, words)


if __name__ == "__main__":
    sys.exit(main())
