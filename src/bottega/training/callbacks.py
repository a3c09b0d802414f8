"""What may happen beside a training: a callback has one method for each event."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from bottega.training.loop import Loop


class Callback:
    """Does nothing; override the events that matter. Of several processes only the main one has callbacks.

    ``loop.done`` steps are done when a method is called; ``loop.stop()`` ends the training after it.
    """

    def start(self, loop: Loop) -> None:
        """Before the first step of a session."""

    def step(self, loop: Loop, losses: Mapping[str, Tensor]) -> None:
        """After each step. Reading a value from ``losses`` waits for the device."""

    def log(self, loop: Loop, line: Mapping[str, float]) -> None:
        """A line of metrics was written: ``step``, ``seconds`` and mean losses."""

    def validate(self, loop: Loop, measures: Mapping[str, float], best: bool) -> None:
        """A validation gave these measures; ``best`` so far or not."""

    def sample(self, loop: Loop, path: Path, picture: Tensor) -> None:
        """A sheet of samples ``(1, 3, H, W)`` was written to ``path``."""

    def save(self, loop: Loop, path: Path) -> None:
        """A checkpoint was written."""

    def end(self, loop: Loop, ending: str) -> None:
        """After the last step of a session; ``ending`` is one of `ENDINGS` or "failed"."""


class Console(Callback):
    """Prints each line of metrics with the time left."""

    def log(self, loop: Loop, line: Mapping[str, float]) -> None:
        losses = "  ".join(f"{n} {v:.4g}" for n, v in line.items() if n not in ("step", "seconds"))
        left = loop.seconds_left
        wait = "" if left is None else f"  ({duration(left)} left)"
        print(f"step {loop.done} of {loop.schedule.steps}  {losses}{wait}", flush=True)

    def validate(self, loop: Loop, measures: Mapping[str, float], best: bool) -> None:
        found = "  ".join(f"{name} {value:.4g}" for name, value in measures.items())
        print(f"validation at step {loop.done}  {found}{'  (best so far)' if best else ''}", flush=True)


def duration(seconds: float) -> str:
    """Seconds for people: "40 s", "12 min", "3 h 05 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
