"""Going on in the right folder: a training's settings lie beside its checkpoint."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from pydantic import BaseModel

from bottega.errors import SettingsError

SETTINGS_FILE = "recipe.json"


def check_same(recipe: BaseModel, run: Path, names: Collection[str]) -> None:
    """Refuse to go on in a folder where a training stopped that differs in one of the settings ``names``.

    Raises:
        SettingsError: one differs.
    """
    file = run / SETTINGS_FILE
    if not (file.exists() and (run / "last.pt").exists()):
        return
    before, now = json.loads(file.read_text(encoding="utf-8")), json.loads(recipe.model_dump_json())
    for name in names:
        if before.get(name) != now[name]:
            raise SettingsError(
                f"{run} holds a training with {name} {before.get(name)}, not {now[name]}; "
                "give the same settings to go on, or another folder to start anew."
            )
