"""One encoder: tunes plain Adam, then lets all candidates run in turns at every size."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor

from benchmarks.optimize.baselines import PlainLoss
from benchmarks.optimize.flops import evaluation_gflop
from benchmarks.optimize.inputs import content_picture, style_picture
from benchmarks.optimize.plan import Plan
from benchmarks.optimize.speedup import Cell
from benchmarks.optimize.worker import Job, Measurement, Name, Run, run_candidate
from bottega.encoders import Encoder
from bottega.runtime import matmul_gflops

PLAIN: tuple[Name, ...] = ("plain Adam", "plain L-BFGS")
MEASUREMENT_INTERVAL = 2
"""Iterations of ours between measurements: its few steps at the last scale matter."""


class EncoderComparison:
    """The comparisons of one encoder.

    Args:
        label: what the tables call the encoder.
        encoder: float32, frozen.
        precision: of ours.
        threads: of every candidate and of the evaluator.
    """

    def __init__(
        self, label: str, encoder: Encoder, plan: Plan, precision: torch.dtype, threads: int
    ) -> None:
        self.label, self.encoder, self.plan = label, encoder, plan
        self.precision, self.threads = precision, threads
        plain_peak, our_peak = matmul_gflops(torch.float32), matmul_gflops(precision)
        self.peaks = {"plain Adam": plain_peak, "plain L-BFGS": plain_peak, "ours": our_peak}
        self.layers = {**encoder.content_layers, **encoder.style_layers}

    def expected_hours(self) -> float:
        """At half of the matrix peak, with the maximum of iterations of ours."""
        plan, hours = self.plan, 0.0
        for size in plan.sizes:
            runs = 3 * plan.repeats + (len(plan.rates) if size == min(plan.sizes) else 0)
            flop = evaluation_gflop(self.encoder, self.layers, size)
            hours += runs * plan.iterations * flop / (self.peaks["plain Adam"] / 2) / 3600
        return hours

    def cells(self) -> Iterator[Cell]:
        """One per size, the smallest first."""
        rate = self._best_rate(min(self.plan.sizes))
        for size in sorted(self.plan.sizes):
            runs: dict[str, list[Run]] = {name: [] for name in (*PLAIN, "ours")}
            for _ in range(self.plan.repeats):
                self._round(size, rate, runs)
            default_iterations = self.plan.settings(size).last_iterations
            gflop = evaluation_gflop(self.encoder, self.layers, size)
            yield Cell(self.label, size, rate, gflop, self.peaks, runs, default_iterations)

    def _best_rate(self, size: int) -> float:
        if len(self.plan.rates) == 1:
            return self.plan.rates[0]
        evaluator, content, style = self._setting(size)
        losses = {}
        for rate in self.plan.rates:
            job = self._job("plain Adam", size, content, style, rate)
            losses[rate] = run_candidate(job, evaluator, lambda measurement: True).measurements[-1].loss
            print(f"{self.label} {size}²: plain Adam at rate {rate:g} ends at {losses[rate]:.4f}", flush=True)
        return min(losses, key=losses.__getitem__)

    def _round(self, size: int, rate: float, runs: dict[str, list[Run]]) -> None:
        """Every candidate once; ours last, because it stops when it has reached all the others."""
        evaluator, content, style = self._setting(size)
        default_iterations = self.plan.settings(size).last_iterations
        for name in PLAIN:
            run = run_candidate(
                self._job(name, size, content, style, rate), evaluator, lambda measurement: True
            )
            runs[name].append(run)
            _print_run(self.label, size, run)
        target = min(runs[name][-1].measurements[-1].loss for name in PLAIN)

        def keep_running(measurement: Measurement) -> bool:
            return measurement.evaluations < default_iterations or measurement.loss > target

        run = run_candidate(self._job("ours", size, content, style, rate), evaluator, keep_running)
        runs["ours"].append(run)
        _print_run(self.label, size, run)

    def _setting(self, size: int) -> tuple[_Evaluator, Tensor, Tensor]:
        content, style = content_picture(size), style_picture(size)
        return (
            _Evaluator(PlainLoss(self.encoder, content, style, self.plan.settings(size))),
            content,
            style,
        )

    def _job(self, name: Name, size: int, content: Tensor, style: Tensor, rate: float) -> Job:
        every = MEASUREMENT_INTERVAL if name == "ours" else self.plan.every
        return Job(
            name,
            copy.deepcopy(self.encoder),
            content,
            style,
            self.plan.settings(size),
            self.plan.iterations,
            every,
            rate,
            self.precision,
            self.threads,
        )


class _Evaluator:
    """Measures a picture by the plain loss, in float32."""

    def __init__(self, loss: PlainLoss) -> None:
        self.loss = loss

    @torch.no_grad()
    def __call__(self, picture: Tensor) -> float:
        return float(self.loss(picture))


def _print_run(label: str, size: int, run: Run) -> None:
    end = run.measurements[-1]
    print(f"{label} {size}²: {run.name} is at {end.loss:.4f} after {end.seconds:.1f} s", flush=True)
