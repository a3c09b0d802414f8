"""Description of this machine and its speed, for ``bottega doctor`` and the benchmarks."""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import Any

import psutil
import torch

from bottega.runtime.hardware import cpu_capabilities, select_device, select_dtype, usable_cores
from bottega.runtime.memory import available_memory

_REPORTED_CAPABILITIES = ("avx2", "avx512_f", "avx512_vnni", "avx512_bf16", "amx_bf16", "neon", "bf16", "sve")


def system_info() -> dict[str, Any]:
    """Hardware and torch version as plain values that go into JSON.

    Keys: ``cpu``, ``cores``, ``threads`` (of torch), ``flags`` (instruction sets), ``memory`` and
    ``memory_free`` (bytes), ``gpu`` (``None`` or its name), ``device`` and ``precision`` (what *auto*
    chooses), ``torch``, ``python``, ``system``.
    """
    device = select_device()
    return {
        "cpu": _cpu_model(),
        "cores": usable_cores(),
        "threads": torch.get_num_threads(),
        "flags": sorted(cpu_capabilities().intersection(_REPORTED_CAPABILITIES)),
        "memory": int(psutil.virtual_memory().total),
        "memory_free": available_memory(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "device": str(device),
        "precision": str(select_dtype(device)).removeprefix("torch."),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _cpu_model() -> str:
    table = Path("/proc/cpuinfo")
    lines = table.read_text(encoding="utf-8", errors="replace").splitlines() if table.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def matmul_gflops(dtype: torch.dtype = torch.float32, seconds: float = 1.0) -> float:
    """GFLOP/s of a large square matrix product on the processor, the best of the runs that fit into the time.

    This is the ceiling for a network's speed, with torch's current number of threads. A product of two n × n
    matrices counts 2 n³ operations.
    """
    n = 2048
    left, right = torch.ones(n, n, dtype=dtype), torch.ones(n, n, dtype=dtype)

    def run() -> float:
        start = time.perf_counter()
        torch.matmul(left, right)
        return time.perf_counter() - start

    run()  # the first run also prepares kernels
    fastest = run()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        fastest = min(fastest, run())
    return 2 * n**3 / fastest / 1e9
