"""What the command lines of all recipes share: training for some minutes, and errors as one message."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cyclopts
from pydantic import BaseModel

from bottega.errors import BottegaError
from bottega.files import write_file
from bottega.training import Trainer
from bottega.training.checkpoint import SETTINGS_FILE


def train_for_minutes(
    trainer: Trainer, recipe: BaseModel, run: Path, minutes: float, description: str
) -> None:
    """Resume the training in the folder ``run`` for ``minutes``; prints ``description`` at the start."""
    write_file(run / SETTINGS_FILE, recipe.model_dump_json(indent=2) + "\n")
    trainer.resume()
    print(f"{description}; at step {trainer.global_step}", flush=True)
    trainer.train(minutes)


def run_app(app: cyclopts.App, arguments: Sequence[str] | None) -> int:
    """Run a command line; our own errors are printed as one message. Returns the exit code."""
    try:
        app(arguments, result_action="return_value")
    except BottegaError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0
