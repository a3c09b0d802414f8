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
from bottega.files import atomic_write, write_file

LAST_CHECKPOINT, BEST_CHECKPOINT = "last.pt", "best.pt"
SETTINGS_FILE = "recipe.json"
"""Beside the checkpoints: the settings of the training."""
INPUTS_FILE = "inputs.json"
"""Beside the checkpoints: names and content hashes of what the training learns from."""


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


def check_resume_inputs(run_dir: Path, inputs: Mapping[str, Any]) -> None:
    """Check that a training in ``run_dir``, if there is one, has the same ``inputs``, and record them.

    Args:
        inputs: names and content hashes, by what they are of: ``{"classes": ["discs", "squares"]}``.

    Raises:
        SettingsError: one differs.
    """
    file = run_dir / INPUTS_FILE
    now = json.loads(json.dumps(inputs))
    if file.exists() and (run_dir / LAST_CHECKPOINT).exists():
        before = json.loads(file.read_text(encoding="utf-8"))
        for name, value in now.items():
            if before.get(name) != value:
                raise SettingsError(
                    f"{run_dir} holds a training with other {name}{_difference(before.get(name), value)}; "
                    "use the same ones to resume it, or another folder to start a new one."
                )
    write_file(file, json.dumps(now, ensure_ascii=False, indent=1) + "\n")


def _difference(before: Any, now: Any) -> str:
    """The names that differ, in parentheses, where both are names and not hashes."""
    if not (isinstance(before, list) and isinstance(now, list)):
        return ""
    old, new = (
        [str(entry) for entry in entries if entry not in both]
        for entries, both in ((before, now), (now, before))
    )
    return f" ({', '.join(old) or 'fewer'}, now {', '.join(new) or 'fewer'})"
