"""What every recipe's command line shares: a slice of training, and errors as one sentence."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cyclopts
from pydantic import BaseModel

from bottega.errors import BottegaError
from bottega.training import Trainer
from bottega.training.checkpoint import SETTINGS_FILE


def train_for_minutes(loop: Trainer, recipe: BaseModel, run: Path, minutes: float, facts: str) -> None:
    """Go on where the folder's training stopped, for ``minutes``; ``facts`` are printed at the start."""
    (run / SETTINGS_FILE).write_text(recipe.model_dump_json(indent=2) + "\n", encoding="utf-8")
    loop.resume()
    print(f"{facts}; at step {loop.global_step}", flush=True)
    loop.train(minutes)


def call(app: cyclopts.App, words: Sequence[str] | None) -> int:
    """Run a command line; an error of ours is one sentence. Returns the exit code."""
    try:
        app(words, result_action="return_value")
    except BottegaError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0
