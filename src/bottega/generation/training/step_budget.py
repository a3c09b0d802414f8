"""Whether a time budget is enough for a set of pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from torch import Tensor

from bottega.generation.training.progressive import ProgressiveSchedule
from bottega.training import Callback, TimeBudgetSchedule, Trainer

MIN_SHOWN = 100_000
"""Pictures that a generator must see to draw more than blots: 6,000 steps of 16 were too few for faces."""
MIN_PASSES = 100
"""Times that it sees each picture of a large set."""
COST_PER_DOUBLING = 3.0
"""A step on pictures of twice the side takes about so much longer."""
MEASURED_SECONDS, MEASURED_SHARE, MEASURED_STEPS = 20.0, 0.1, 3
"""The pace is measured after so many seconds or this share of the budget, and after so many steps."""


def needed_steps(pictures: int, batch: int) -> int:
    """Steps below which a generator of ``pictures`` draws mostly blots."""
    return -(-max(MIN_SHOWN, MIN_PASSES * pictures) // batch)


class StepBudgetWarning(Callback):
    """Warns once, soon after the start, if too few steps fit into the time budget.

    Args:
        warn: called with the message.
        pictures: size of the set.
        batch: pictures per step.
    """

    def __init__(self, warn: Callable[[str], None], pictures: int, batch: int) -> None:
        self.warn, self.batch, self.pictures = warn, batch, pictures
        self.needed = needed_steps(pictures, batch)
        self._done = False
        self._first_step, self._first_seconds = 0, 0.0

    def start(self, trainer: Trainer) -> None:
        self._first_step, self._first_seconds = trainer.global_step, trainer.seconds

    def step(self, trainer: Trainer, losses: Mapping[str, Tensor]) -> None:
        schedule = trainer.schedule
        if self._done or not isinstance(schedule, TimeBudgetSchedule):
            return
        steps, seconds = trainer.global_step - self._first_step, trainer.seconds - self._first_seconds
        if steps < MEASURED_STEPS or seconds < min(MEASURED_SECONDS, MEASURED_SHARE * schedule.seconds):
            return
        self._done = True
        progressive = dict(trainer.module.named_children()).get("progressive")
        relative = relative_pace(progressive) if isinstance(progressive, ProgressiveSchedule) else 1.0
        expected = trainer.global_step + schedule.seconds_left * steps / seconds * relative
        if expected < self.needed:
            hours = schedule.seconds * self.needed / expected / 3600
            self.warn(
                f"Only about {expected:,.0f} steps fit into {schedule.seconds / 60:g} minutes at this pace, "
                f"but {self.pictures:,} pictures need about {self.needed:,}, or most results will be blots. "
                f"{_hours(hours)} would do: --minutes {math.ceil(hours * 6) * 10}. You may stop with Ctrl-C "
                "and resume with more minutes."
            )


def relative_pace(progressive: ProgressiveSchedule) -> float:
    """The mean pace over the whole training, relative to the pace at the present side."""
    sides = progressive.sides
    shares = [progressive.share / (len(sides) - 1)] * (len(sides) - 1) if len(sides) > 1 else []
    shares.append(1 - sum(shares))
    present = sides.index(int(progressive.get_buffer("side")))
    return sum(share * COST_PER_DOUBLING ** (present - index) for index, share in enumerate(shares))


def _hours(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.0f} minutes"
