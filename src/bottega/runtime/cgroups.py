"""CPU and memory limits from the control groups of Linux, which containers and batch systems set.

A limit holds for all groups below the one that has it, so every folder from our own group up to the root is
read. Version 2 has one tree, version 1 one per controller; a container usually sees its group as the root.
Source: the kernel's documents cgroup-v2, and for version 1 memory and sched-bwc.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def cpu_limit() -> int | None:
    """Cores that the tightest quota pays for, rounded up; ``None`` without a quota.

    A share of a core counts as a whole one: a thread that waits half of the time is still of use.
    """
    quotas = []
    for folder in _group_folders(""):
        # Quota and period in microseconds; the quota may be "max".
        quota, period = [*(_read(folder / "cpu.max") or "max").split(), "100000"][:2]
        quotas.append(None if quota == "max" else _cores(quota, period))
    for folder in _group_folders("cpu"):
        quotas.append(_cores(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")))
    cores = [quota for quota in quotas if quota is not None]
    return max(1, math.ceil(min(cores))) if cores else None


def cgroup_available_memory() -> int | None:
    """Bytes that the tightest limit still allows; ``None`` without a limit."""
    available = [_available(folder, "memory.max", "memory.current") for folder in _group_folders("")]
    for folder in _group_folders("memory"):
        available.append(_available(folder, "memory.limit_in_bytes", "memory.usage_in_bytes"))
    return min((size for size in available if size is not None), default=None)


def _group_folders(controller: str) -> Iterator[Path]:
    """Our own group and all above it, in the tree of a controller of version 1, or of version 2: ``""``."""
    root = CGROUPS / controller
    group = root / _own_group(controller).lstrip("/")
    if ".." in group.parts:  # our group lies outside of what this container sees
        group = root
    yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(root))


def _own_group(controller: str) -> str:
    """Lines are ``number:controller,controller:path``; version 2 has the number 0 and no controller."""
    for line in (_read(OWN_GROUPS) or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path
    return "/"


def _cores(quota: str | None, period: str | None) -> float | None:
    """A quota of -1 means no quota."""
    if quota is None or period is None or int(quota) <= 0 or int(period) <= 0:
        return None
    return int(quota) / int(period)


def _available(folder: Path, limit_name: str, used_name: str) -> int | None:
    limit, used, stat = (_read(folder / name) for name in (limit_name, used_name, "memory.stat"))
    if limit is None or limit == "max" or used is None:
        return None
    # Cached file pages count as used, but the kernel drops them when memory is needed.
    fields = dict(line.split(maxsplit=1) for line in (stat or "").splitlines())
    return max(0, int(limit) - int(used) + int(fields.get("inactive_file", 0)))


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return None
