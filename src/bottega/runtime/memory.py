"""How much memory there is, how much was used, and an allocator that does not hand it back at every step."""

from __future__ import annotations

import ctypes
import os
import platform
from pathlib import Path

import torch

from bottega.errors import ResourceError
from bottega.runtime.cgroups import memory_room

# <malloc.h> of glibc: option numbers and the values that kept eager torch out of page faults at 1080p
# (1.6-1.7 times the speed of inference, 1.2 of training, for 10-30 % more memory).
MALLOC_OPTIONS = {
    -4: 0,  # M_MMAP_MAX: no mmap per tensor; freed tensors stay in the heap
    -1: 2**31 - 1,  # M_TRIM_THRESHOLD: keep the heap's free top
    -2: 256 * 2**20,  # M_TOP_PAD: grow the heap in steps of 256 MiB
    -8: 1,  # M_ARENA_MAX: one heap for all threads, so that any of them reuses it
}

# For work in tiles: blocks of tiles differ in size, and between freed ones small results stay, so that one
# heap would break into pieces that nothing fits into (a third more at 2048², twice as much at 8192²).
FRUGAL_OPTIONS = {
    -4: 65536,  # M_MMAP_MAX, as at the start of a process
    -3: 32 * 2**20,  # M_MMAP_THRESHOLD: large tensors get memory of their own, handed back when freed
}
_tuned = False

STATUS = Path("/proc/self/status")


def tune_allocator() -> bool:
    """Make glibc keep and reuse freed memory. True where that was done: Linux with glibc only.

    It changes the whole process, so only programs of our own call it (the command line, benchmarks),
    never ``import bottega`` inside somebody else's.
    """
    global _tuned
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return False
    _tuned = _set(MALLOC_OPTIONS)
    return _tuned


def spare_memory() -> bool:
    """Let large tensors hand their memory back once freed: a quarter slower, but flat in tiled work.

    True where that was done: in programs that called :func:`tune_allocator`; others stay as they are.
    """
    return _tuned and _set(FRUGAL_OPTIONS)


def _set(options: dict[int, int]) -> bool:
    mallopt = ctypes.CDLL("libc.so.6").mallopt
    return all(mallopt(option, value) == 1 for option, value in options.items())


def peak_memory() -> int:
    """Largest resident size of this process so far, in bytes (processor memory, not a GPU's).

    On Linux it is ``VmHWM`` of ``/proc/self/status``, which begins anew with each program: the figure of
    ``getrusage``, which serves elsewhere, is handed down from a parent to its children.

    Raises:
        ResourceError: the system does not record it (Windows).
    """
    if STATUS.exists():
        lines = STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        # A few small kernels leave the line out.
        peaks = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
        if peaks:
            return peaks[0]
    try:
        import resource
    except ImportError:
        raise ResourceError("Peak memory is recorded on Linux and macOS only.") from None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # getrusage(2): kibibytes on Linux, bytes on macOS.
    return peak if platform.system() == "Darwin" else peak * 1024


def available_memory(device: torch.device | None = None) -> int:
    """Bytes that can still be allocated on a device; ``None`` is the processor.

    On Linux this is the kernel's estimate, or less where a container allows less; on macOS, which gives no
    such estimate, the memory that is built in.

    Raises:
        ResourceError: the system does not tell (Windows).
    """
    if device is not None and device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if platform.system() == "Linux":
        free, allowed = _meminfo("MemAvailable"), memory_room()
        return free if allowed is None else min(free, allowed)
    return total_memory()


def total_memory() -> int:
    """Bytes of memory that are built in.

    Raises:
        ResourceError: the system does not tell (Windows).
    """
    if not hasattr(os, "sysconf"):
        raise ResourceError("The size of the memory is known on Linux and macOS only.")
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _meminfo(field: str) -> int:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))
