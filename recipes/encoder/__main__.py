"""Train the packaged encoder: ``python -m recipes.encoder --data FOLDER --run runs/encoder``.

Uses the available device, saves every minute, resumes where it stopped, and writes ``encoder.safetensors``
into the run folder at the end of every slice, so that a slice of a few minutes is already usable.
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
from recipes.encoder.train import build_trainer

app = cyclopts.App(help=__doc__)


@app.default
def train(
    *,
    data: Path,
    run: Path,
    minutes: float = float("inf"),
    recipe: Annotated[EncoderRecipe | None, cyclopts.Parameter(name="*")] = None,
) -> None:
    """Train, or resume.

    Parameters
    ----------
    data
        The picture collection (see ``recipes/split.py``).
    run
        Folder for checkpoint, metrics and result.
    minutes
        Stop after this long; the next call resumes.
    recipe
        The settings of the training.
    """
    recipe = recipe or EncoderRecipe()
    configure_malloc()
    # The schedule is flat until its end: a training can be extended.
    check_resume_settings(recipe, run, sorted(EncoderRecipe.model_fields.keys() - {"steps"}))
    trainer, _, pictures = build_trainer(recipe, data, run)
    (run / "recipe.json").write_text(recipe.model_dump_json(indent=2) + "\n", encoding="utf-8")
    for file, reason in pictures.broken:
        print(f"left out: {file}: {reason}")
    resumed = trainer.resume()
    print(
        f"{len(pictures)} pictures; {'resumed at' if resumed else 'starting at'} step {trainer.global_step}",
        flush=True,
    )
    trainer.train(minutes)
    sha256 = export(recipe, pictures, trainer.checkpoint, run / "encoder.safetensors")
    print(f"wrote {run / 'encoder.safetensors'} ({sha256})")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, args)


if __name__ == "__main__":
    sys.exit(main())
