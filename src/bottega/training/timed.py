"""A training that fits a time instead of a number of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bottega.training.callbacks import Callback
from bottega.training.schedules import rising

if TYPE_CHECKING:
    from bottega.training.loop import Loop

ENDLESS = 10**9


class Timed(Callback):
    """A trapezoid over the seconds of a training: however fast the machine, it falls to zero as time ends.

    It is schedule and callback at once, and wants to be given to the loop as both. Seconds are counted over
    all sessions, by the checkpoints; so a resumed training ends at the same time, but, unlike one of a fixed
    number of steps, not at the same weights to the bit.

    Args:
        seconds: of the whole training, with what happens between steps.
        warmup: steps in which the rate rises.
        cooldown: share of the time at the end in which it falls.
    """

    def __init__(self, seconds: float, warmup: int = 100, cooldown: float = 0.4) -> None:
        self.seconds, self.warmup, self.cooldown = seconds, warmup, cooldown
        self._loop: Loop | None = None

    def start(self, loop: Loop) -> None:
        self._loop = loop

    @property
    def spent(self) -> float:
        """Seconds of training so far."""
        return 0.0 if self._loop is None else self._loop.seconds

    @property
    def seconds_left(self) -> float:
        """Until the training ends."""
        return max(0.0, self.seconds - self.spent)

    @property
    def steps(self) -> int:
        """How many there will be at the pace so far; when the time is up, how many there were."""
        if self._loop is None or self.spent <= 0:
            return ENDLESS
        done = self._loop.done
        return done if self.seconds_left == 0 else max(done + 1, round(done * self.seconds / self.spent))

    def factor(self, step: int) -> float:
        falling = self.seconds_left / max(1e-9, self.cooldown * self.seconds)
        return min(rising(step, self.warmup), falling, 1.0)
