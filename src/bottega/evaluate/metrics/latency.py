"""How long one waits: response times with intervals."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from bottega.errors import SettingsError
from bottega.evaluate.metrics.bootstrap import Interval, bootstrap_intervals


@dataclass(frozen=True)
class ResponseTime:
    """Seconds from asking to the answer.

    Attributes:
        median: of all calls.
        slow: the 95th percentile: one call in twenty takes longer.
        calls: how many were timed.
    """

    median: Interval
    slow: Interval
    calls: int


def response_time(
    call: Callable[[], object], *, calls: int = 30, warm_up: int = 3, seed: int = 0
) -> ResponseTime:
    """Time a function that answers.

    Args:
        call: does the work once; on a GPU its end is waited for.
        calls: how many are timed, 5 or more.
        warm_up: how many go before, untimed: caches fill, kernels are chosen.

    Raises:
        SettingsError: fewer than 5 calls.
    """
    if calls < 5:
        raise SettingsError(f"A response time needs 5 calls or more, not {calls}.")
    for _ in range(warm_up):
        call()
    seconds = [_timed(call) for _ in range(calls)]
    median, slow = bootstrap_intervals(
        seconds, lambda drawn: [float(np.median(drawn)), float(np.quantile(drawn, 0.95))], seed=seed
    )
    return ResponseTime(median, slow, calls)


def _timed(call: Callable[[], object]) -> float:
    _finish()
    start = time.perf_counter()
    call()
    _finish()
    return time.perf_counter() - start


def _finish() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
