"""Metrics as JSON lines: means of the losses between two lines, and measures of validations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


class Metrics:
    """The file ``metrics.jsonl`` of a run, one line for each step that is logged.

    A loss that only some steps have counts by its mean over those.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, losses: Mapping[str, Tensor]) -> None:
        """Take in one step's losses; reads nothing from the device, so that it need not wait."""
        for name, loss in losses.items():
            value = loss.detach().float()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
            self._counts[name] = self._counts.get(name, 0) + 1

    def means(self) -> dict[str, float]:
        """Mean of each loss since the last call, to five digits after the point."""
        found = {name: round(total.item() / self._counts[name], 5) for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        return found

    def write(self, line: Mapping[str, float]) -> None:
        """Add a line to the file."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(line)) + "\n")

    def rewind(self, step: int) -> None:
        """Take back the lines after ``step``: a training that was killed does those steps again."""
        if not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf-8").splitlines()
        kept = "".join(line + "\n" for line in lines if _step(line) <= step)
        part = self.path.with_name(self.path.name + ".part")
        part.write_text(kept, encoding="utf-8")
        part.replace(self.path)

    def state(self) -> dict[str, Any]:
        """The sums since the last line, for a checkpoint."""
        return {"sums": {name: total.item() for name, total in self._sums.items()}, "counts": self._counts}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self._sums = {name: torch.tensor(total) for name, total in state["sums"].items()}
        self._counts = dict(state["counts"])


def _step(line: str) -> float:
    try:
        return json.loads(line)["step"]
    except json.JSONDecodeError:  # the line that was being written when the training was killed
        return float("inf")
