"""Learning-rate schedules by name. Each tells what share of its peak the rate has at a step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from bottega.errors import SettingsError


class Schedule(Protocol):
    """How long a training is, and how its learning rates run."""

    @property
    def steps(self) -> int:
        """Length of the training in steps."""
        ...

    def factor(self, step: int) -> float:
        """Share of the peak rate, in [0, 1], at ``step``, counted from zero."""
        ...


@dataclass(frozen=True)
class Constant:
    """Linear warm-up, then the peak rate to the end."""

    steps: int
    warmup: int = 100

    def factor(self, step: int) -> float:
        return rising(step, self.warmup)


@dataclass(frozen=True)
class Cosine:
    """Linear warm-up, then half a cosine down to ``floor`` (Loshchilov & Hutter 2017, arXiv 1608.03983)."""

    steps: int
    warmup: int = 100
    floor: float = 0.0

    def factor(self, step: int) -> float:
        done = max(0, step - self.warmup) / max(1, self.steps - self.warmup)
        falling = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
        return rising(step, self.warmup) * (self.floor + (1 - self.floor) * falling)


@dataclass(frozen=True)
class Trapezoid:
    """Linear warm-up, a plateau, and a linear fall to zero over the last ``cooldown`` share of the steps.

    A training can be lengthened at any time before it falls, unlike with a cosine (Hägele et al. 2024,
    arXiv 2405.18392).
    """

    steps: int
    warmup: int = 100
    cooldown: float = 0.3

    def factor(self, step: int) -> float:
        falling = min(1.0, (self.steps - step) / max(1.0, self.cooldown * self.steps))
        return min(rising(step, self.warmup), falling)


def rising(step: int, warmup: int) -> float:
    """The linear warm-up: share of the peak at ``step``."""
    return min(1.0, (step + 1) / warmup) if warmup else 1.0


SCHEDULES: dict[str, type[Constant] | type[Cosine] | type[Trapezoid]] = {
    "constant": Constant,
    "cosine": Cosine,
    "trapezoid": Trapezoid,
}


def schedule(name: str, steps: int, **options: float) -> Schedule:
    """The schedule of a name, over ``steps``; ``options`` are its other fields.

    Raises:
        SettingsError: no such schedule, an option that it does not have, or a number that makes no sense.
    """
    if name not in SCHEDULES:
        raise SettingsError(f'"{name}" is not a schedule; use {", ".join(SCHEDULES)}.')
    if steps < 1:
        raise SettingsError(f"A training of {steps} steps was asked for; use 1 or more.")
    known = set(SCHEDULES[name].__dataclass_fields__) - {"steps"}
    unknown = sorted(options.keys() - known)
    if unknown:
        raise SettingsError(f"The schedule {name} has no {unknown[0]}; it has {', '.join(sorted(known))}.")
    negative = [option for option, value in options.items() if value < 0]
    if negative:
        raise SettingsError(f"{negative[0]} of the schedule {name} must not be negative.")
    return SCHEDULES[name](steps, **options)  # type: ignore[arg-type]
