"""What every recipe's command line shares: going on in the right folder, and errors as one sentence."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import cyclopts
from pydantic import BaseModel

from bottega.errors import BottegaError, SettingsError


def check_same(recipe: BaseModel, run: Path, names: Collection[str]) -> None:
    """Refuse to go on in a folder where a training stopped that differs in one of the settings ``names``.

    Raises:
        SettingsError: one differs.
    """
    file = run / "recipe.json"
    if not (file.exists() and (run / "last.pt").exists()):
        return
    before, now = json.loads(file.read_text(encoding="utf-8")), json.loads(recipe.model_dump_json())
    for name in names:
        if before.get(name) != now[name]:
            raise SettingsError(
                f"{run} holds a training with {name} {before.get(name)}, not {now[name]}; "
                "give the same settings to go on, or another folder to start anew."
            )


def call(app: cyclopts.App, words: Sequence[str] | None) -> int:
    """Run a command line; an error of ours is one sentence. Returns the exit code."""
    try:
        app(words, result_action="return_value")
    except BottegaError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0
