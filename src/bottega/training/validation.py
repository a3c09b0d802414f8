"""Validation: metrics at intervals, which select the best weights and may stop a training early."""

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
        compute: returns metrics by name, on pictures that training does not see. It is called with the
            averaged weights in the module, in evaluation mode and without gradients.
        every: steps between two validations; the last step always has one.
        metric: the name of the metric that decides.
        lower_is_better: of that metric.
        patience: so many validations in a row without improvement end the training; 0 never does.
        best, best_step: the best value so far, and its step.
    """

    compute: Callable[[], Mapping[str, float]]
    every: int = 500
    metric: str = "loss"
    lower_is_better: bool = True
    patience: int = 0
    best: float | None = field(default=None, init=False)
    best_step: int = field(default=0, init=False)
    without_improvement: int = field(default=0, init=False)

    def update(self, metrics: Mapping[str, float], step: int) -> bool:
        """Record the metrics at ``step``; True if they are the best so far (NaN never is).

        Raises:
            SettingsError: the deciding metric is missing.
        """
        if self.metric not in metrics:
            raise SettingsError(
                f'The validation selects by "{self.metric}", but computes only: {", ".join(metrics)}.'
            )
        value = float(metrics[self.metric])
        better = self.best is None or (value < self.best if self.lower_is_better else value > self.best)
        if not better or math.isnan(value):
            self.without_improvement += 1
            return False
        self.best, self.best_step, self.without_improvement = value, step, 0
        return True

    @property
    def out_of_patience(self) -> bool:
        """Whether the training should stop early."""
        return 0 < self.patience <= self.without_improvement

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {
            "best": self.best,
            "best_step": self.best_step,
            "without_improvement": self.without_improvement,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore :meth:`state_dict`."""
        self.best, self.best_step = state["best"], state["best_step"]
        self.without_improvement = state["without_improvement"]
