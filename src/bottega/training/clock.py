"""How much longer a training takes, measured while it runs."""

from __future__ import annotations

from collections import deque


class Clock:
    """Tells the time left from recent steps, and from what happens between steps (saving, validating …).

    The first step of a session prepares kernels and caches and says nothing about the others: it is left out.
    """

    def __init__(self, window: int = 50) -> None:
        self.recent: deque[float] = deque(maxlen=window)
        self.steps = 0
        self.between = 0.0

    def step(self, seconds: float) -> None:
        """A step took this long."""
        self.steps += 1
        if self.steps > 1:
            self.recent.append(seconds)

    def pause(self, seconds: float) -> None:
        """This long was spent after a step, before the next."""
        self.between += seconds

    def left(self, steps: int) -> float | None:
        """Seconds that ``steps`` more will take; None before the second step of a session.

        Work between steps comes at intervals, so it counts by its mean over the whole session.
        """
        if steps == 0:
            return 0.0
        if not self.recent:
            return None
        return steps * (sum(self.recent) / len(self.recent) + self.between / self.steps)
