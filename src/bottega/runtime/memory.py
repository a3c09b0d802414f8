"""How much memory there is, how much was used, and an allocator that does not hand it back at every step."""

from __future__ import annotations

import ctypes
import os
import platform
from pathlib import Path

import torch

from bottega.errors import ResourceError

# <malloc.h> of glibc: option numbers and the values that kept eager torch out of page faults at 1080p
# (1.6-1.7 times the speed of inference, 1.2 of training, for 10-30 % more memory).
MALLOC_OPTIONS = {
    -4: 0,  # M_MMAP_MAX: no mmap per tensor; freed tensors stay in the heap
    -1: 2**31 - 1,  # M_TRIM_THRESHOLD: keep the heap's free top
    -2: 256 * 2**20,  # M_TOP_PAD: grow the heap in steps of 256 MiB
    -8: 1,  # M_ARENA_MAX: one heap for all threads, so that any of them reuses it
}

CGROUPS = Path("/sys/fs/cgroup")


def tune_allocator() -> bool:
    """Make glibc keep and reuse freed memory. True where that was done: Linux with glibc only.

    It changes the whole process, so only programs of our own call it (the command line, benchmarks),
    never ``import bottega`` inside somebody else's.
    """
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL("libc.so.6").mallopt
    return all(mallopt(option, value) == 1 for option, value in MALLOC_OPTIONS.items())


def peak_memory() -> int:
    """Largest resident size of this process so far, in bytes (processor memory, not a GPU's).

    Raises:
        ResourceError: the system does not record it (Windows).
    """
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
        return min([_meminfo("MemAvailable"), *_cgroup_room()])
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


def _cgroup_room() -> list[int]:
    """What each control group above this process still allows (cgroup v2, then v1; empty where unlimited)."""
    room = []
    group = CGROUPS / _own_cgroup().lstrip("/")
    for folder in [group, *group.parents]:
        if folder.is_relative_to(CGROUPS):
            room += _room(folder / "memory.max", folder / "memory.current", folder / "memory.stat")
    v1 = CGROUPS / "memory"
    room += _room(v1 / "memory.limit_in_bytes", v1 / "memory.usage_in_bytes", v1 / "memory.stat")
    return room


def _own_cgroup() -> str:
    table = Path("/proc/self/cgroup")
    lines = table.read_text(encoding="utf-8").splitlines() if table.exists() else []
    return next((line[3:] for line in lines if line.startswith("0::")), "/")


def _room(limit: Path, used: Path, stat: Path) -> list[int]:
    try:
        limit_text = limit.read_text(encoding="ascii").strip()
        if limit_text == "max":
            return []
        # Cached file pages count as used, but the kernel drops them when somebody needs the room.
        fields = dict(line.split() for line in stat.read_text(encoding="ascii").splitlines())
        cached = int(fields.get("inactive_file", 0))
        return [max(0, int(limit_text) - int(used.read_text(encoding="ascii")) + cached)]
    except OSError:
        return []
