"""Train the packaged adjustment network: ``python -m recipes.adjust --data FOLDER --run runs/adjust``.

Saves every minute, resumes where it stopped, and writes sample sheets, and ``adjust.safetensors`` into the
run folder at the end of every slice.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts

from bottega.personalize import save_adjustment_net
from bottega.runtime import configure_malloc
from bottega.training import check_resume_settings
from recipes.adjust.config import AdjustRecipe
from recipes.adjust.data import load_training_pictures
from recipes.adjust.train import averaged, prepare
from recipes.command_line import run_app, train_for_minutes

app = cyclopts.App(help=__doc__)


@app.default
def train(
    *,
    data: Path,
    run: Path,
    minutes: float = float("inf"),
    recipe: Annotated[AdjustRecipe | None, cyclopts.Parameter(name="*")] = None,
) -> None:
    """Train, or resume training.

    Parameters
    ----------
    data
        The image collection (see ``recipes/split.py``).
    run
        Folder for checkpoint, metrics, samples and result.
    minutes
        Stop after this long; the next call resumes.
    recipe
        The settings of the training.
    """
    recipe = recipe or AdjustRecipe()
    configure_malloc()
    check_resume_settings(recipe, run, ("seed", "width", "blocks"))
    dataset = load_training_pictures(data, recipe)
    trainer = prepare(recipe, dataset, run)
    train_for_minutes(trainer, recipe, run, minutes, f"{len(dataset)} pictures")
    target = run / "adjust.safetensors"
    metadata = {"recipe": recipe.model_dump(mode="json")}
    print(f"wrote {target} ({save_adjustment_net(averaged(recipe, trainer.checkpoint), target, metadata)})")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, words)


if __name__ == "__main__":
    sys.exit(main())
