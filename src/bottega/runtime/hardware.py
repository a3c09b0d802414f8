"""Device, precision and number of threads."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

from bottega import process
from bottega.environment import environment, openmp_threads
from bottega.errors import ResourceError, SettingsError
from bottega.runtime.cgroups import cpu_limit

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}

# Processors that multiply bfloat16 natively; elsewhere it is emulated and slower than float32.
# The names are those of torch.cpu.get_capabilities() and, for "bf16", of 64-bit ARM.
_BF16_CAPABILITIES = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")


def select_device(name: str = "auto") -> torch.device:
    """The device that networks run on.

    Args:
        name: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``. ``auto`` takes ``BOTTEGA_DEVICE``, and where
            that is ``auto`` too, the first of cuda, mps and cpu that this machine has.

    Raises:
        SettingsError: the name is unknown.
        ResourceError: the machine does not have that device.
    """
    if name == "auto":
        name = environment().device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    # A numbered processor ("cpu:3") is valid in torch but means nothing.
    if device is None or device.type not in ("cpu", "cuda", "mps") or name.startswith("cpu:"):
        raise SettingsError(f'"{name}" is not a device; use auto, cpu, cuda, cuda:1 (a number) or mps.')
    if device.type == "cuda":
        _require_cuda(device)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ResourceError(
            'The device "mps" was requested, but this machine has no Apple GPU that torch can use; '
            "choose cpu or auto."
        )
    return device


def _require_cuda(device: torch.device) -> None:
    if not torch.cuda.is_available():
        reason = (
            "this torch was built without CUDA" if torch.version.cuda is None else "no NVIDIA GPU was found"
        )
        raise ResourceError(f'The device "{device}" was requested, but {reason}; choose cpu or auto.')
    count = torch.cuda.device_count()
    if device.index is not None and device.index >= count:
        raise ResourceError(
            f'The device "{device}" was requested, but this machine has {count} CUDA '
            f"device{'s' if count > 1 else ''}, counted from cuda:0."
        )


def select_dtype(device: torch.device, precision: str = "auto") -> torch.dtype:
    """The precision of networks on a device: ``torch.bfloat16`` or ``torch.float32``.

    Args:
        precision: ``auto``, ``fp32``, ``bf16``. ``auto`` takes ``BOTTEGA_PRECISION``, and where that is
            ``auto`` too, bfloat16 on hardware that multiplies it natively: processors with AVX512-BF16, AMX
            or (on Linux) ARM BF16, NVIDIA GPUs from compute capability 8. float32 elsewhere.

    Raises:
        SettingsError: the precision is unknown.
    """
    if precision == "auto":
        precision = environment().precision
    if precision == "auto":
        return torch.bfloat16 if _has_native_bf16(device) else torch.float32
    if precision not in PRECISIONS:
        raise SettingsError(f'"{precision}" is not a precision; use auto, {" or ".join(PRECISIONS)}.')
    return PRECISIONS[precision]


def _has_native_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    # torch's builds for macOS have no bfloat16 kernels of oneDNN, whatever the processor can do.
    if platform.system() == "Darwin":
        return False
    return any(flag in cpu_capabilities() for flag in _BF16_CAPABILITIES)


def cpu_capabilities() -> frozenset[str]:
    """Instruction sets of this processor, by torch's names (``avx2``, ``avx512_bf16``, ``amx_bf16``, ...)."""
    # Public in newer torch; with older ones we read Linux's own table.
    if hasattr(torch.cpu, "get_capabilities"):
        return frozenset(name for name, value in torch.cpu.get_capabilities().items() if value is True)
    table = Path("/proc/cpuinfo")
    if not table.exists():
        return frozenset()
    lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    flags = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return frozenset(flags.partition(":")[2].split())


def set_threads(count: int = 0) -> int:
    """Set how many processor threads torch uses; returns the number.

    Args:
        count: 0 takes ``BOTTEGA_THREADS``; where that is 0 too, ``OMP_NUM_THREADS``, which batch systems set
            for all programs; where that is not set, every core that this process may use and, in our own
            programs (:func:`bottega.process.prepare`), that is idle.

    Raises:
        SettingsError: the count is negative.
    """
    if count < 0:
        raise SettingsError(f"The number of threads is {count}; use 1 or more, or 0 for all cores.")
    count = count or environment().threads or openmp_threads() or free_cores()
    torch.set_num_threads(count)
    return count


def free_cores() -> int:
    """Cores for this process: of the usable ones those that were idle, but at least a quarter, and one.

    More threads than free cores wait for each other: on a busy machine a draft took 204 seconds, not 26.
    """
    cores, idle = usable_cores(), process.idle_cores()
    return cores if idle is None else max(1, cores // 4, min(cores, round(idle)))


def usable_cores() -> int:
    """Logical cores that this process may use: those it is bound to, or fewer where there is a quota."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return min(cores, cpu_limit() or cores)
