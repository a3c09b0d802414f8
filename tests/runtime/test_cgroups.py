"""Limits of containers, read from trees of files as the kernel shows them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bottega import runtime
from bottega.runtime import cgroups, hardware

Tree = Callable[..., None]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Makes a tree from our own groups and the files in it: ``tree("0::/a", {"a/cpu.max": "max"})``."""
    monkeypatch.setattr(cgroups, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(cgroups, "OWN_GROUPS", tmp_path / "own")

    def make(own: str, files: dict[str, str]) -> None:
        (tmp_path / "own").write_text(own + "\n")
        for name, content in files.items():
            path = tmp_path / "cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n")

    return make


@pytest.mark.parametrize(
    ("line", "cores"),
    [("max 100000", None), ("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1), ("50000", 1)],
)
def test_quota_of_version_2(tree: Tree, line: str, cores: int | None) -> None:
    tree("0::/", {"cpu.max": line})
    assert cgroups.cpu_limit() == cores


def test_tightest_quota_of_all_parent_groups(tree: Tree) -> None:
    files = {"cpu.max": "max 100000", "a/cpu.max": "300000 100000", "a/b/cpu.max": "800000 100000"}
    tree("0::/a/b/c", files | {"other/cpu.max": "100000 100000"})
    assert cgroups.cpu_limit() == 3


@pytest.mark.parametrize(("quota", "cores"), [("-1", None), ("400000", 4), ("250000", 3), ("5000", 1)])
def test_quota_of_version_1(tree: Tree, quota: str, cores: int | None) -> None:
    own = "9:memory:/\n4:cpu,cpuacct:/docker/ab12\n1:name=systemd:/"
    period = {"cpu/docker/ab12/cpu.cfs_period_us": "100000"}
    tree(own, {"cpu/docker/ab12/cpu.cfs_quota_us": quota} | period)
    assert cgroups.cpu_limit() == cores


def test_container_group_is_the_root(tree: Tree) -> None:
    files = {"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}
    tree("4:cpu,cpuacct:/docker/not-visible-here", files)
    assert cgroups.cpu_limit() == 2
    tree("0::/../../elsewhere", {"cpu.max": "100000 100000"})
    assert cgroups.cpu_limit() == 1


def test_no_cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "CGROUPS", tmp_path / "none")
    monkeypatch.setattr(cgroups, "OWN_GROUPS", tmp_path / "none-either")
    assert cgroups.cpu_limit() is None
    assert cgroups.cgroup_available_memory() is None


def test_threads_respect_the_quota(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "BOTTEGA_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(hardware.torch, "set_num_threads", lambda count: None)
    if hasattr(os, "sched_getaffinity"):
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    else:
        monkeypatch.setattr(os, "cpu_count", lambda: 8)
    tree("0::/job", {"job/cpu.max": "300000 100000"})
    assert runtime.set_threads() == 3
    assert runtime.system_info()["cores"] == 3
    assert runtime.set_threads(5) == 5  # who names a number knows why
    tree("0::/job", {"job/cpu.max": "6400000 100000"})
    assert runtime.set_threads() == 8


@pytest.mark.parametrize(
    ("limit", "available"), [("max", None), ("1000000", 1000000 - 400000 + 100000), ("5", 0)]
)
def test_memory_of_version_2(tree: Tree, limit: str, available: int | None) -> None:
    stat = "anon 300000\ninactive_file 100000"
    tree("0::/a", {"a/memory.max": limit, "a/memory.current": "400000", "a/memory.stat": stat})
    assert cgroups.cgroup_available_memory() == available


def test_memory_of_version_1(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = "memory/docker/ab12/memory"
    files = {f"{folder}.limit_in_bytes": "1000000", f"{folder}.usage_in_bytes": "300000"}
    tree("9:memory:/docker/ab12", files)
    assert cgroups.cgroup_available_memory() == 700000
    assert runtime.available_memory() == 700000
