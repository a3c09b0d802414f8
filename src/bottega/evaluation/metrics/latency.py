"""Response times with confidence intervals."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from bottega.errors import SettingsError
from bottega.evaluation.metrics.bootstrap import Interval, bootstrap_intervals


@dataclass(frozen=True)
class Latency:
    """Seconds per call: median and 95th percentile of ``calls`` calls."""

    median: Interval
    p95: Interval
    calls: int


def measure_latency(
    function: Callable[[], object], *, calls: int = 30, warmup_calls: int = 3, seed: int = 0
) -> Latency:
    """Time a function.

    Args:
        function: does the work once; CUDA is synchronized around it.
        calls: number of timed calls, 5 or more.
        warmup_calls: untimed calls before, which fill caches and choose kernels.
        seed: of the intervals.

    Raises:
        SettingsError: fewer than 5 calls.
    """
    if calls < 5:
        raise SettingsError(f"A latency needs 5 calls or more, not {calls}.")
    for _ in range(warmup_calls):
        function()
    seconds = []
    for _ in range(calls):
        _synchronize()
        start = time.perf_counter()
        function()
        _synchronize()
        seconds.append(time.perf_counter() - start)
    median, p95 = bootstrap_intervals(
        seconds, lambda rows: [float(np.median(rows)), float(np.quantile(rows, 0.95))], seed=seed
    )
    return Latency(median, p95, calls)


def _synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
