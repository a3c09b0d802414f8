"""Validation: a measure at intervals, by which the best weights are kept and a training may end early."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bottega.errors import SettingsError


@dataclass
class Validation:
    """What is measured, how often, and what follows.

    Attributes:
        measure: gives measures by name, on pictures that training does not see. It is called with the
            averaged weights in the module, in evaluation mode and without gradients.
        every: steps between two validations; the last step always has one.
        watch: the measure that decides.
        lower_is_better: of that measure.
        patience: so many validations in a row without a better one end the training; 0 never does.
        best, best_step: the best value so far, and when it was.
    """

    measure: Callable[[], Mapping[str, float]]
    every: int = 500
    watch: str = "loss"
    lower_is_better: bool = True
    patience: int = 0
    best: float | None = field(default=None, init=False)
    best_step: int = field(default=0, init=False)
    waited: int = field(default=0, init=False)

    def judge(self, measures: Mapping[str, float], step: int) -> bool:
        """Take in the measures at ``step``; True where they are the best so far. Not-a-number never is.

        Raises:
            SettingsError: the measure to watch is not among them.
        """
        if self.watch not in measures:
            raise SettingsError(
                f'The validation watches "{self.watch}", but measures only: {", ".join(measures)}.'
            )
        value = float(measures[self.watch])
        better = self.best is None or (value < self.best if self.lower_is_better else value > self.best)
        if not better or math.isnan(value):
            self.waited += 1
            return False
        self.best, self.best_step, self.waited = value, step, 0
        return True

    @property
    def exhausted(self) -> bool:
        """Whether patience is at its end."""
        return 0 < self.patience <= self.waited

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"best": self.best, "best_step": self.best_step, "waited": self.waited}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.best, self.best_step, self.waited = state["best"], state["best_step"], state["waited"]
