"""Learning-rate schedules by name, and one that fits a time budget instead of a number of steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from bottega.errors import SettingsError

UNKNOWN_STEPS = 10**9
"""Length of a time-limited training before its first step has been timed."""


class Schedule(Protocol):
    """The length of a training and the course of its learning rates."""

    @property
    def steps(self) -> int:
        """Length of the training in steps."""
        ...

    def factor(self, step: int) -> float:
        """Share of the peak learning rate, in [0, 1], at ``step``, counted from zero."""
        ...


def linear_warmup(step: int, warmup: int) -> float:
    """Share of the peak learning rate at ``step`` of a warm-up over ``warmup`` steps."""
    return min(1.0, (step + 1) / warmup) if warmup else 1.0


@dataclass(frozen=True)
class Constant:
    """Linear warm-up, then the peak rate to the end."""

    steps: int
    warmup: int = 100

    def factor(self, step: int) -> float:
        return linear_warmup(step, self.warmup)


@dataclass(frozen=True)
class Cosine:
    """Linear warm-up, then half a cosine to ``min_factor`` (Loshchilov & Hutter 2017, arXiv 1608.03983)."""

    steps: int
    warmup: int = 100
    min_factor: float = 0.0

    def factor(self, step: int) -> float:
        progress = max(0, step - self.warmup) / max(1, self.steps - self.warmup)
        decay = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        return linear_warmup(step, self.warmup) * (self.min_factor + (1 - self.min_factor) * decay)


@dataclass(frozen=True)
class Trapezoid:
    """Linear warm-up, a plateau, and a linear decay to zero over the last ``cooldown`` share of the steps.

    Unlike with a cosine, a training can be lengthened at any time before the decay begins (Hägele et al.
    2024, arXiv 2405.18392).
    """

    steps: int
    warmup: int = 100
    cooldown: float = 0.3

    def factor(self, step: int) -> float:
        decay = min(1.0, (self.steps - step) / max(1.0, self.cooldown * self.steps))
        return min(linear_warmup(step, self.warmup), decay)


class TimeBudgetSchedule:
    """A trapezoid over the seconds of a training: the rate reaches zero as the time ends, on any machine.

    The trainer reports the time with :meth:`update`. Seconds count over all sessions, so that a resumed
    training ends at the same time; unlike with a fixed number of steps, its weights are not bit-identical to
    those of an uninterrupted one.

    Args:
        seconds: of the whole training, including what happens between steps.
        warmup: steps in which the rate rises.
        cooldown: share of the time, at the end, in which the rate falls.
    """

    def __init__(self, seconds: float, warmup: int = 100, cooldown: float = 0.4) -> None:
        self.seconds, self.warmup, self.cooldown = seconds, warmup, cooldown
        self.elapsed, self._step = 0.0, 0

    def update(self, step: int, elapsed: float) -> None:
        """Record that ``step`` steps took ``elapsed`` seconds."""
        self._step, self.elapsed = step, elapsed

    @property
    def seconds_left(self) -> float:
        """Until the training ends."""
        return max(0.0, self.seconds - self.elapsed)

    @property
    def steps(self) -> int:
        """Expected number of steps at the pace so far; once the time is up, the actual number."""
        if self.elapsed <= 0:
            return UNKNOWN_STEPS
        if self.seconds_left == 0:
            return self._step
        return max(self._step + 1, round(self._step * self.seconds / self.elapsed))

    def factor(self, step: int) -> float:
        decay = self.seconds_left / max(1e-9, self.cooldown * self.seconds)
        return min(linear_warmup(step, self.warmup), decay, 1.0)


SCHEDULES: dict[str, type[Constant] | type[Cosine] | type[Trapezoid]] = {
    "constant": Constant,
    "cosine": Cosine,
    "trapezoid": Trapezoid,
}


def build_schedule(name: str, steps: int, warmup: int) -> Schedule:
    """The schedule called ``name`` over ``steps``.

    Raises:
        SettingsError: unknown schedule, or no steps.
    """
    if name not in SCHEDULES:
        raise SettingsError(f'"{name}" is not a schedule; use {", ".join(SCHEDULES)}.')
    if steps < 1:
        raise SettingsError(f"The number of steps is {steps}; use 1 or more.")
    return SCHEDULES[name](steps, warmup)
