"""What this machine is and how fast it multiplies: for ``bottega doctor`` and the benchmarks."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from bottega.errors import ResourceError
from bottega.runtime.hardware import capabilities, device, precision, usable_cores
from bottega.runtime.memory import available_memory, total_memory

FLAGS_OF_INTEREST = ("avx2", "avx512_f", "avx512_vnni", "avx512_bf16", "amx_bf16", "neon", "bf16", "sve")


def system_info() -> dict[str, Any]:
    """The hardware and the torch that a figure was measured on; plain values that go into JSON.

    Keys: ``cpu``, ``cores``, ``threads`` (of torch), ``flags``, ``memory`` and ``memory_free`` (bytes;
    ``None`` where the system does not tell), ``gpu`` (``None`` or its name), ``device`` and ``precision``
    (what *auto* chooses), ``torch``, ``python``, ``system``.
    """
    chosen = device()
    return {
        "cpu": _cpu_model(),
        "cores": usable_cores(),
        "threads": torch.get_num_threads(),
        "flags": sorted(capabilities().intersection(FLAGS_OF_INTEREST)),
        "memory": _or_none(total_memory),
        "memory_free": _or_none(available_memory),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "device": str(chosen),
        "precision": str(precision(chosen)).removeprefix("torch."),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _or_none(measure: Callable[[], int]) -> int | None:
    try:
        return measure()
    except ResourceError:
        return None


def _cpu_model() -> str:
    table = Path("/proc/cpuinfo")
    lines = table.read_text(encoding="utf-8", errors="replace").splitlines() if table.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def matrix_peak(
    dtype: torch.dtype = torch.float32, seconds: float = 1.0, device: torch.device | None = None
) -> float:
    """GFLOP/s of a large square matrix product, the best of as many runs as fit into the time.

    It is the ceiling that a network's speed is compared with; ``device`` ``None`` is the processor, with as
    many threads as torch now uses. A product of two n × n matrices counts 2 n³ operations.
    """
    place = device or torch.device("cpu")
    n = 2048 if place.type == "cpu" else 8192
    left = torch.ones(n, n, dtype=dtype, device=place)
    right = torch.ones(n, n, dtype=dtype, device=place)
    _time_product(left, right)  # the first run also prepares kernels
    fastest = _time_product(left, right)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        fastest = min(fastest, _time_product(left, right))
    return 2 * n**3 / fastest / 1e9


def _time_product(left: torch.Tensor, right: torch.Tensor) -> float:
    start = time.perf_counter()
    # Reading one number waits for the device.
    torch.matmul(left, right)[0, 0].item()
    return time.perf_counter() - start
