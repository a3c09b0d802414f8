"""What the control groups of Linux leave to this process: containers and batch systems set limits there.

A limit holds for all groups below the one that has it, so every folder from our own group up to the root is
asked. Version 2 has one tree, version 1 one per controller; a container usually sees its group as the root.
Source: the kernel's documents cgroup-v2, and for version 1 memory and sched-bwc.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def cpu_limit() -> int | None:
    """Cores that the tightest quota pays for, rounded up; ``None`` where there is no quota.

    A share of a core counts as a whole one: a thread that waits for half of its time is still of use.
    """
    quotas = [_quota_v2(folder / "cpu.max") for folder in _folders("")]
    quotas += [
        _quota(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))
        for folder in _folders("cpu")
    ]
    cores = [quota for quota in quotas if quota is not None]
    return max(1, math.ceil(min(cores))) if cores else None


def memory_room() -> int | None:
    """Bytes that the tightest limit still allows; ``None`` where there is no limit."""
    rooms = [_room(folder, "memory.max", "memory.current") for folder in _folders("")]
    rooms += [
        _room(folder, "memory.limit_in_bytes", "memory.usage_in_bytes") for folder in _folders("memory")
    ]
    return min((room for room in rooms if room is not None), default=None)


def _folders(controller: str) -> Iterator[Path]:
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


def _quota_v2(file: Path) -> float | None:
    """``cpu.max`` holds quota and period in microseconds; the quota may be ``max``."""
    fields = (_read(file) or "max").split()
    return None if fields[0] == "max" else _quota(fields[0], fields[1] if len(fields) > 1 else "100000")


def _quota(quota: str | None, period: str | None) -> float | None:
    """Cores; a quota of -1 is none."""
    if quota is None or period is None or int(quota) <= 0 or int(period) <= 0:
        return None
    return int(quota) / int(period)


def _room(folder: Path, limit_name: str, used_name: str) -> int | None:
    limit, used, stat = (_read(folder / name) for name in (limit_name, used_name, "memory.stat"))
    if limit is None or limit == "max" or used is None:
        return None
    # Cached file pages count as used, but the kernel drops them when somebody needs the room.
    fields = dict(line.split(maxsplit=1) for line in (stat or "").splitlines())
    return max(0, int(limit) - int(used) + int(fields.get("inactive_file", 0)))


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return None
