"""Train the packaged encoder: ``python -m recipes.encoder --data FOLDER --run runs/encoder``.

Runs on whatever there is, saves every minute, goes on where it stopped, and writes ``encoder.safetensors``
into the run folder at the end of every slice, so that a slice of a few minutes is already of use.
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
from recipes.encoder.config import EncoderRecipe
from recipes.encoder.export import export
from recipes.encoder.train import prepare

app = cyclopts.App(help=__doc__)


@app.default
def train(
    *,
    data: Path,
    run: Path,
    minutes: float = float("inf"),
    recipe: Annotated[EncoderRecipe | None, cyclopts.Parameter(name="*")] = None,
) -> None:
    """Train, or go on training.

    Parameters
    ----------
    data
        The picture collection (see ``recipes/split.py``).
    run
        Folder for checkpoint, metrics and result.
    minutes
        Stop after this long; the next call goes on.
    recipe
        The settings of the training.
    """
    recipe = recipe or EncoderRecipe()
    configure_malloc()
    # The schedule is flat until its end: a training can be lengthened.
    check_resume_settings(recipe, run, sorted(EncoderRecipe.model_fields.keys() - {"steps"}))
    loop, _, pictures = prepare(recipe, data, run)
    (run / "recipe.json").write_text(recipe.model_dump_json(indent=2) + "\n", encoding="utf-8")
    for file, reason in pictures.broken:
        print(f"left out: {file}: {reason}")
    resumed = loop.resume()
    print(
        f"{len(pictures)} pictures; {'resumed at' if resumed else 'starting at'} step {loop.global_step}",
        flush=True,
    )
    loop.train(minutes)
    sha256 = export(recipe, pictures, loop.checkpoint, run / "encoder.safetensors")
    print(f"wrote {run / 'encoder.safetensors'} ({sha256})")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, words)


if __name__ == "__main__":
    sys.exit(main())
