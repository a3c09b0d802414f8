"""Checkpoint files, which are either complete or absent and never execute code, and safe resuming."""

from __future__ import annotations

import json
import pickle
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel

from bottega.errors import SettingsError, WeightsError
from bottega.files import atomic_write

LAST_CHECKPOINT, BEST_CHECKPOINT = "last.pt", "best.pt"
SETTINGS_FILE = "recipe.json"
"""Beside the checkpoints: the settings of the training."""


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors, numbers and strings to ``path``; an interrupted save leaves the old file as it was."""
    with atomic_write(path) as temporary:
        torch.save(dict(state), temporary)


def load_checkpoint(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Read what :func:`save_checkpoint` wrote.

    Raises:
        WeightsError: the file is damaged or holds more than tensors and plain values.
    """
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        raise WeightsError(
            f"{path} is not a checkpoint of Bottega or is damaged; delete it to start again."
        ) from error


def check_resume_settings(settings: BaseModel, run_dir: Path, names: Collection[str]) -> None:
    """Check that a training in ``run_dir``, if there is one, had the same settings ``names``.

    Raises:
        SettingsError: one differs.
    """
    file = run_dir / SETTINGS_FILE
    if not (file.exists() and (run_dir / LAST_CHECKPOINT).exists()):
        return
    before, now = json.loads(file.read_text(encoding="utf-8")), json.loads(settings.model_dump_json())
    for name in names:
        if before.get(name) != now[name]:
            raise SettingsError(
                f"{run_dir} holds a training with {name} {before.get(name)}, not {now[name]}; "
                "use the same settings to resume it, or another folder to start a new one."
            )
