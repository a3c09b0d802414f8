"""Our own process before torch is imported: threads that do not spin, and how busy the machine is.

Only programs call this (the command line, benchmarks); a library must not change the process it is used in.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import psutil

OPENMP_VARIABLES = {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "0"}
"""Waiting threads sleep soon (of GNU's and of LLVM's and Intel's OpenMP). By default they spin for
milliseconds, and on a machine with other work the spinning takes the time that the working thread needs."""


@dataclass(frozen=True)
class CpuSample:
    """Processor time that was spent until a moment.

    Attributes:
        moment, own: in seconds: the clock, and what this process has used.
        by_cpu: what each processor that this process may use has done for anyone, in seconds.
    """

    moment: float
    own: float
    by_cpu: tuple[float, ...]


_start: CpuSample | None = None
_busy: float | None = None


def prepare() -> None:
    """Set the variables of OpenMP that are not set, and begin to measure how busy the machine is."""
    global _start, _busy
    if "OMP_WAIT_POLICY" not in os.environ:
        for name, value in OPENMP_VARIABLES.items():
            os.environ.setdefault(name, value)
    _start, _busy = sample_cpus(), None


def sample_cpus() -> CpuSample:
    """The sample of this moment."""
    times = psutil.cpu_times(percpu=True)
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(len(times))
    own = os.times()
    idle = ("idle", "iowait", "guest", "guest_nice")  # guests are part of user and nice
    return CpuSample(
        time.monotonic(),
        own.user + own.system,
        tuple(
            sum(value for name, value in cpu._asdict().items() if name not in idle)
            for index, cpu in enumerate(times)
            if index in allowed
        ),
    )


def cores_used_by_others(before: CpuSample, after: CpuSample) -> float:
    """Mean number of processors that other processes kept busy between two samples, of those we may use."""
    seconds = after.moment - before.moment
    spent = sum(after.by_cpu) - sum(before.by_cpu) - (after.own - before.own)
    return max(0.0, spent / seconds) if seconds > 0 else 0.0


def idle_cores() -> float | None:
    """Mean number of processors that nobody else used since :func:`prepare`; None if it was not called.

    The first call decides for the whole process: its own work must not change the answer.
    """
    global _busy
    if _start is None:
        return None
    if _busy is None:
        _busy = cores_used_by_others(_start, sample_cpus())
    return max(0.0, len(_start.by_cpu) - _busy)
