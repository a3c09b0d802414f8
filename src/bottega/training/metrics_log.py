"""What a training reports while it runs: mean losses in ``metrics.jsonl``, and the time left."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bottega.files import write_file


class MetricsLog:
    """The file ``metrics.jsonl`` of a run: mean losses since the last line, and results of validations.

    A loss that only some steps have is averaged over those.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, losses: Mapping[str, Tensor]) -> None:
        """Add one step's losses to the means; does not wait for the device."""
        for name, loss in losses.items():
            value = loss.detach().float()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
            self._counts[name] = self._counts.get(name, 0) + 1

    def pop_means(self) -> dict[str, float]:
        """Mean of each loss since the last call, to five decimals."""
        means = {name: round(total.item() / self._counts[name], 5) for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        return means

    def write(self, line: Mapping[str, float]) -> None:
        """Append a line to the file."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(line)) + "\n")

    def rewind(self, step: int) -> None:
        """Remove the lines after ``step``: a training that was killed repeats those steps."""
        if not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf-8").splitlines()
        write_file(self.path, "".join(line + "\n" for line in lines if _step_of(line) <= step))

    def state_dict(self) -> dict[str, Any]:
        """The sums since the last line, for a checkpoint."""
        return {"sums": {name: total.item() for name, total in self._sums.items()}, "counts": self._counts}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore :meth:`state_dict`."""
        self._sums = {name: torch.tensor(total) for name, total in state["sums"].items()}
        self._counts = dict(state["counts"])


def _step_of(line: str) -> float:
    try:
        return json.loads(line)["step"]
    except json.JSONDecodeError:  # the line that was being written when the training was killed
        return float("inf")


class EtaEstimator:
    """Estimates the time left from recent steps, and from the time between steps (saving, validating …).

    The first step of a session, which prepares kernels and caches, does not count.
    """

    def __init__(self, window: int = 50) -> None:
        self.recent: deque[float] = deque(maxlen=window)
        self.steps = 0
        self.pauses = 0.0

    def add_step(self, seconds: float) -> None:
        """Record the duration of a step."""
        self.steps += 1
        if self.steps > 1:
            self.recent.append(seconds)

    def add_pause(self, seconds: float) -> None:
        """Record the time between a step and the next."""
        self.pauses += seconds

    def seconds_left(self, steps: int) -> float | None:
        """Seconds that ``steps`` more will take; None before the second step of a session.

        Work between steps comes at intervals, so it counts by its mean over the whole session.
        """
        if steps == 0:
            return 0.0
        if not self.recent:
            return None
        return steps * (sum(self.recent) / len(self.recent) + self.pauses / self.steps)


def format_duration(seconds: float) -> str:
    """Seconds as text: "40 s", "12 min", "3 h 05 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
