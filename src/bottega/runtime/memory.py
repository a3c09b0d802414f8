"""Available and used memory, and settings of the allocator."""

from __future__ import annotations

import ctypes
import platform
from pathlib import Path

import psutil
import torch

from bottega.runtime.cgroups import cgroup_available_memory

# <malloc.h> of glibc: option numbers, and the values that kept eager torch out of page faults at 1080p
# (1.6-1.7 times the speed of inference, 1.2 of training, for 10-30 % more memory).
_RETAIN_OPTIONS = {
    -4: 0,  # M_MMAP_MAX: no mmap per tensor; freed tensors stay in the heap
    -1: 2**31 - 1,  # M_TRIM_THRESHOLD: keep the heap's free top
    -2: 256 * 2**20,  # M_TOP_PAD: grow the heap in steps of 256 MiB
    -8: 1,  # M_ARENA_MAX: one heap for all threads, so that any of them reuses it
}

# For work in tiles: blocks of tiles differ in size, and small results stay between freed ones, so that one
# heap would break into pieces that nothing fits into (a third more at 2048², twice as much at 8192²).
_RELEASE_OPTIONS = {
    -4: 65536,  # M_MMAP_MAX, as at the start of a process
    -3: 32 * 2**20,  # M_MMAP_THRESHOLD: large tensors get their own mapping, released when freed
}
_configured = False

STATUS = Path("/proc/self/status")


def configure_malloc() -> bool:
    """Make glibc keep and reuse freed memory; returns whether it did (Linux with glibc only).

    It changes the whole process, so only our own programs call it (the command line, benchmarks), never
    ``import bottega`` inside another program.
    """
    global _configured
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return False
    _configured = _set_malloc_options(_RETAIN_OPTIONS)
    return _configured


def reduce_malloc_retention() -> bool:
    """Release large tensors to the system once freed: a quarter slower, but with flat memory in tiled work.

    Returns whether it did: only in programs that called :func:`configure_malloc`.
    """
    return _configured and _set_malloc_options(_RELEASE_OPTIONS)


def _set_malloc_options(options: dict[int, int]) -> bool:
    mallopt = ctypes.CDLL("libc.so.6").mallopt
    return all(mallopt(option, value) == 1 for option, value in options.items())


def peak_memory() -> int:
    """Largest resident size of this process so far, in bytes (main memory, not a GPU's).

    On Linux it is ``VmHWM`` of ``/proc/self/status``, which starts anew with each program: the figure of
    ``getrusage``, used elsewhere, is inherited from the parent process.
    """
    if STATUS.exists():
        lines = STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        # A few small kernels leave the line out.
        peaks = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
        if peaks:
            return peaks[0]
    try:
        import resource
    except ImportError:  # Windows
        return int(psutil.Process().memory_info().peak_wset)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # getrusage(2): bytes on macOS, kibibytes on Linux.
    return peak if platform.system() == "Darwin" else peak * 1024


def available_memory(device: torch.device | None = None) -> int:
    """Bytes that can still be allocated on a device; ``None`` is the processor.

    Main memory is the system's estimate, or less where a container allows less.
    """
    if device is not None and device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    available, limit = int(psutil.virtual_memory().available), cgroup_available_memory()
    return available if limit is None else min(available, limit)
