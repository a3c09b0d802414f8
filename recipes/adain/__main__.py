"""Train the AdaIN decoder: ``python -m recipes.adain --data FOLDER --run runs/adain``.

Uses the available device, saves every minute, resumes where it stopped, writes a sheet of samples now and
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
from recipes.adain.train import build_trainer, export, load_averaged_network
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
    """Train, or resume.

    Parameters
    ----------
    data
        The picture collection (see ``recipes/split.py``).
    run
        Folder for checkpoint, metrics, samples and result.
    minutes
        Stop after this long; the next call resumes.
    recipe
        The settings of the training.
    """
    recipe = recipe or AdaINRecipe()
    configure_malloc()
    check_resume_settings(recipe, run, ("seed", "encoder"))
    dataset = load_dataset(data, recipe)
    trainer = build_trainer(recipe, dataset, run)
    description = f"{len(dataset.contents)} photographs, {len(dataset.styles)} paintings"
    train_for_minutes(trainer, recipe, run, minutes, description)
    target = run / "adain.safetensors"
    print(f"wrote {target} ({export(recipe, load_averaged_network(recipe, trainer.checkpoint), target)})")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, args)


if __name__ == "__main__":
    sys.exit(main())
