"""From ways down to figures: when was a loss reached, how fast are the steps, and what does that make."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from benchmarks.optimize.contest import Look, Run


@dataclass(frozen=True)
class Race:
    """Ours against one plain contestant, over all repeats.

    Attributes:
        plain: which.
        target: its final loss.
        plain_seconds, our_seconds: what each took to that loss, one figure per repeat; ours is empty where it
            was not reached.
        above: how far ours stayed above the target, as a share of it; 0 or less where it was reached.
    """

    plain: str
    target: float
    plain_seconds: tuple[float, ...]
    our_seconds: tuple[float, ...]
    above: float

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times as fast ours was; empty where it did not arrive."""
        return tuple(p / o for p, o in zip(self.plain_seconds, self.our_seconds, strict=False))


def seconds_to(looks: Sequence[Look], loss: float) -> float | None:
    """When the loss was first reached, linear between looks; none where it was not."""
    before: Look | None = None
    for look in looks:
        if look.loss <= loss:
            if before is None or before.loss <= look.loss:
                return look.seconds
            share = (before.loss - loss) / (before.loss - look.loss)
            return before.seconds + share * (look.seconds - before.seconds)
        before = look
    return None


def seconds_per_evaluation(looks: Sequence[Look]) -> float:
    """The median over the pairs of successive looks at the final size."""
    full = [look for look in looks if look.evaluations]
    return statistics.median(
        (b.seconds - a.seconds) / (b.evaluations - a.evaluations) for a, b in pairwise(full)
    )


def race(plain: Sequence[Run], ours: Sequence[Run]) -> Race:
    """Compare repeat by repeat; ours counts as arrived only if it arrived every time."""
    target = statistics.median(run.looks[-1].loss for run in plain)
    pairs = [(p, seconds_to(o.looks, p.looks[-1].loss)) for p, o in zip(plain, ours, strict=True)]
    reached = [seconds for _, seconds in pairs if seconds is not None]
    best = statistics.median(min(look.loss for look in run.looks) for run in ours)
    return Race(
        plain[0].name,
        target,
        tuple(p.looks[-1].seconds for p, _ in pairs),
        tuple(reached) if len(reached) == len(pairs) else (),
        best / target - 1,
    )


@dataclass(frozen=True)
class Cell:
    """All figures of one encoder at one size.

    Attributes:
        gflop: of one evaluation of loss and gradient, convolutions only.
        peaks: GFLOP/s of a matrix product in the arithmetic of each contestant.
        usual: iterations that ours takes at its last scale unless it is told otherwise.
    """

    encoder: str
    size: int
    rate: float
    gflop: float
    peaks: dict[str, float]
    runs: dict[str, list[Run]]
    usual: int

    @property
    def races(self) -> list[Race]:
        return [race(runs, self.runs["ours"]) for name, runs in self.runs.items() if name != "ours"]

    def usual_end(self) -> Look:
        """Where ours ends with its own settings, in the first repeat."""
        return next(look for look in self.runs["ours"][0].looks if look.evaluations == self.usual)

    def seconds_per_evaluation(self, name: str) -> list[float]:
        return [seconds_per_evaluation(run.looks) for run in self.runs[name]]

    def share_of_peak(self, name: str) -> float:
        """Of the measured matrix peak, by the median time of an evaluation."""
        return self.gflop / statistics.median(self.seconds_per_evaluation(name)) / self.peaks[name]

    def plain_values(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **asdict(self),
            "races": [{**asdict(r), "ratios": r.ratios} for r in self.races],
            "share_of_peak": {name: self.share_of_peak(name) for name in self.runs},
            "usual_end": asdict(self.usual_end()),
        }
