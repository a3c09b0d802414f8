"""Train the packaged any-style network: ``python -m recipes.micro --data FOLDER --run runs/micro``.

Runs on whatever there is, saves every minute, goes on where it stopped, writes a sheet of samples now and
then, and ``micro.safetensors`` into the run folder at the end of every slice.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts

from bottega.runtime import configure_malloc
from bottega.training import check_resume_settings
from recipes.command_line import run_app
from recipes.micro.config import MicroRecipe
from recipes.micro.dataset import load_dataset
from recipes.micro.train import averaged_model, export, prepare

app = cyclopts.App(help=__doc__)

FIXED = ("network", "seed")
"""Settings that stay from slice to slice; the others may change: crops grow, weights shift."""


@app.default
def train(
    *,
    data: Path,
    run: Path,
    minutes: float = float("inf"),
    recipe: Annotated[MicroRecipe | None, cyclopts.Parameter(name="*")] = None,
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
    recipe = recipe or MicroRecipe()
    configure_malloc()
    check_resume_settings(recipe, run, FIXED)
    dataset = load_dataset(data, recipe)
    for file, reason in dataset.broken:
        print(f"left out: {file}: {reason}")
    loop = prepare(recipe, dataset, run)
    (run / "recipe.json").write_text(recipe.model_dump_json(indent=2) + "\n", encoding="utf-8")
    loop.resume()
    print(
        f"{len(dataset.contents)} contents, {len(dataset.styles)} styles; at step {loop.global_step}",
        flush=True,
    )
    loop.train(minutes)
    target = run / f"{recipe.network}.safetensors"
    sha256 = export(recipe, averaged_model(recipe, loop.checkpoint), target)
    print(f"wrote {target} ({sha256})")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, words)


if __name__ == "__main__":
    sys.exit(main())
