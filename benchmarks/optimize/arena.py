"""One encoder: tunes plain Adam, then lets all contestants run in turns at every size."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor

from benchmarks.optimize.contest import Job, Look, Name, Run, contest
from benchmarks.optimize.figures import Cell
from benchmarks.optimize.flops import evaluation_gflop
from benchmarks.optimize.material import content_picture, style_picture
from benchmarks.optimize.plain import PlainLoss
from benchmarks.optimize.plan import Plan
from bottega.encoders import Encoder
from bottega.runtime import matmul_gflops

PLAIN: tuple[Name, ...] = ("plain Adam", "plain L-BFGS")
LOOK_OF_OURS = 2
"""Iterations of ours between looks: its few steps at the last scale count."""


class Arena:
    """The contests of one encoder.

    Args:
        label: what the tables call the encoder.
        encoder: float32, frozen.
        precision: of ours.
        threads: of every contestant and of the judge.
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
        """At half of the matrix peak, with as many iterations of ours as it may take."""
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
            usual = self.plan.settings(size).last_iterations
            gflop = evaluation_gflop(self.encoder, self.layers, size)
            yield Cell(self.label, size, rate, gflop, self.peaks, runs, usual)

    def _best_rate(self, size: int) -> float:
        if len(self.plan.rates) == 1:
            return self.plan.rates[0]
        judge, content, style = self._setting(size)
        losses = {}
        for rate in self.plan.rates:
            job = self._job("plain Adam", size, content, style, rate)
            losses[rate] = contest(job, judge, lambda look: True).looks[-1].loss
            print(f"{self.label} {size}²: plain Adam at rate {rate:g} ends at {losses[rate]:.4f}", flush=True)
        return min(losses, key=losses.__getitem__)

    def _round(self, size: int, rate: float, runs: dict[str, list[Run]]) -> None:
        """Every contestant once; ours last, because it stops when it has reached all the others."""
        judge, content, style = self._setting(size)
        usual = self.plan.settings(size).last_iterations
        for name in PLAIN:
            run = contest(self._job(name, size, content, style, rate), judge, lambda look: True)
            runs[name].append(run)
            _tell(self.label, size, run)
        target = min(runs[name][-1].looks[-1].loss for name in PLAIN)

        def go_on(look: Look) -> bool:
            return look.evaluations < usual or look.loss > target

        run = contest(self._job("ours", size, content, style, rate), judge, go_on)
        runs["ours"].append(run)
        _tell(self.label, size, run)

    def _setting(self, size: int) -> tuple[_Judge, Tensor, Tensor]:
        content, style = content_picture(size), style_picture(size)
        return (
            _Judge(PlainLoss(self.encoder, content, style, self.plan.settings(size))),
            content,
            style,
        )

    def _job(self, name: Name, size: int, content: Tensor, style: Tensor, rate: float) -> Job:
        every = LOOK_OF_OURS if name == "ours" else self.plan.every
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


class _Judge:
    """Measures a picture by the plain loss, in float32."""

    def __init__(self, loss: PlainLoss) -> None:
        self.loss = loss

    @torch.no_grad()
    def __call__(self, picture: Tensor) -> float:
        return float(self.loss(picture))


def _tell(label: str, size: int, run: Run) -> None:
    end = run.looks[-1]
    print(f"{label} {size}²: {run.name} is at {end.loss:.4f} after {end.seconds:.1f} s", flush=True)
