"""How busy the machine is, and how many threads are used then."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from bottega.process import CpuSample, cores_used_by_others

PROGRAM = """
import json, os, sys, time
from bottega import process
process.prepare()
time.sleep(1)
from bottega import runtime
print(json.dumps([runtime.set_threads(), os.environ.get("GOMP_SPINCOUNT"), len(os.sched_getaffinity(0))]))
"""


def test_cores_used_by_others() -> None:
    before = CpuSample(100.0, 5.0, (50.0, 60.0, 0.0, 0.0))
    # In two seconds: we used 1.5, the processors were busy for 5.5 in all.
    after = CpuSample(102.0, 6.5, (52.0, 62.0, 1.5, 0.0))
    assert cores_used_by_others(before, after) == pytest.approx(2.0)
    assert cores_used_by_others(before, before) == 0.0


def threads(cores: set[int], **variables: str) -> list[int | str | None]:
    import json

    environment = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "GOMP_SPINCOUNT")}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env={**environment, **variables},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    return json.loads(result.stdout)


@pytest.mark.slow  # keeps two cores busy, which slows all tests beside it
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux binds processes to cores")
def test_a_busy_machine_gets_one_thread_per_free_core() -> None:
    cores = set(sorted(os.sched_getaffinity(0))[:2])
    if len(cores) < 2:
        pytest.skip("needs two cores")
    busy = [
        subprocess.Popen(
            [sys.executable, "-c", "while True: pass"], preexec_fn=lambda: os.sched_setaffinity(0, cores)
        )
        for _ in range(4)
    ]
    try:
        time.sleep(0.3)
        assert threads(cores) == [1, "1000", 2]
        # What the user sets is used.
        assert threads(cores, OMP_NUM_THREADS="2", GOMP_SPINCOUNT="7") == [2, "7", 2]
        assert threads(cores, BOTTEGA_THREADS="2", OMP_WAIT_POLICY="active") == [2, None, 2]
    finally:
        for process in busy:
            process.kill()
            process.wait()
