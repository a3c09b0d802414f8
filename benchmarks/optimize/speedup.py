"""When a loss was reached, how fast the steps are, and the speedup that follows."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from benchmarks.optimize.worker import Measurement, Run


@dataclass(frozen=True)
class Speedup:
    """Ours against one plain candidate, over all repeats.

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
        """How many times as fast ours was; empty where it did not reach the loss."""
        return tuple(p / o for p, o in zip(self.plain_seconds, self.our_seconds, strict=False))


def seconds_to(measurements: Sequence[Measurement], loss: float) -> float | None:
    """When the loss was first reached, linear between measurements; None where it was not."""
    before: Measurement | None = None
    for measurement in measurements:
        if measurement.loss <= loss:
            if before is None or before.loss <= measurement.loss:
                return measurement.seconds
            share = (before.loss - loss) / (before.loss - measurement.loss)
            return before.seconds + share * (measurement.seconds - before.seconds)
        before = measurement
    return None


def seconds_per_evaluation(measurements: Sequence[Measurement]) -> float:
    """The median over the pairs of successive measurements at the final size."""
    full = [measurement for measurement in measurements if measurement.evaluations]
    return statistics.median(
        (b.seconds - a.seconds) / (b.evaluations - a.evaluations) for a, b in pairwise(full)
    )


def speedup(plain: Sequence[Run], bottega_runs: Sequence[Run]) -> Speedup:
    """Compare repeat by repeat; ours counts only if it reached the loss every time."""
    target = statistics.median(run.measurements[-1].loss for run in plain)
    pairs = [
        (p, seconds_to(o.measurements, p.measurements[-1].loss))
        for p, o in zip(plain, bottega_runs, strict=True)
    ]
    reached = [seconds for _, seconds in pairs if seconds is not None]
    best = statistics.median(
        min(measurement.loss for measurement in run.measurements) for run in bottega_runs
    )
    return Speedup(
        plain[0].name,
        target,
        tuple(p.measurements[-1].seconds for p, _ in pairs),
        tuple(reached) if len(reached) == len(pairs) else (),
        best / target - 1,
    )


@dataclass(frozen=True)
class Cell:
    """All figures of one encoder at one size.

    Attributes:
        gflop: of one evaluation of loss and gradient, convolutions only.
        peaks: GFLOP/s of a matrix product in the arithmetic of each candidate.
        default_iterations: iterations of ours at its last scale by default.
    """

    encoder: str
    size: int
    rate: float
    gflop: float
    peaks: dict[str, float]
    runs: dict[str, list[Run]]
    default_iterations: int

    @property
    def speedups(self) -> list[Speedup]:
        return [speedup(runs, self.runs["ours"]) for name, runs in self.runs.items() if name != "ours"]

    def default_result(self) -> Measurement:
        """Where ours ends with its own settings, in the first repeat."""
        return next(
            measurement
            for measurement in self.runs["ours"][0].measurements
            if measurement.evaluations == self.default_iterations
        )

    def seconds_per_evaluation(self, name: str) -> list[float]:
        return [seconds_per_evaluation(run.measurements) for run in self.runs[name]]

    def share_of_peak(self, name: str) -> float:
        """Of the measured matrix peak, by the median time of an evaluation."""
        return self.gflop / statistics.median(self.seconds_per_evaluation(name)) / self.peaks[name]

    def plain_values(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **asdict(self),
            "speedups": [{**asdict(r), "ratios": r.ratios} for r in self.speedups],
            "share_of_peak": {name: self.share_of_peak(name) for name in self.runs},
            "default_result": asdict(self.default_result()),
        }
