"""The cache folder: content is made once, is never half there, and stays bounded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bottega import cache
from bottega.cache import cached


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOTTEGA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "things"


def fail() -> bytes:
    raise AssertionError("made again")


def test_content_is_made_once_for_each_key(folder: Path) -> None:
    assert cached("things", ("a", 1), lambda: b"first") == b"first"
    assert cached("things", ("a", 1), fail) == b"first"
    assert cached("things", ("a", 2), lambda: b"second") == b"second"
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 100])
def test_damaged_files_are_made_again(folder: Path, damage: bytes) -> None:
    cached("things", "key", lambda: b"content")
    (path,) = folder.iterdir()
    path.write_bytes(damage)
    assert cached("things", "key", lambda: b"content") == b"content"
    assert cached("things", "key", fail) == b"content"


def test_other_code_makes_other_content(monkeypatch: pytest.MonkeyPatch) -> None:
    cached("things", "key", lambda: b"old")
    monkeypatch.setattr(cache, "_code_version", lambda: "another version")
    assert cached("things", "key", lambda: b"new") == b"new"


def test_the_files_unused_for_the_longest_time_are_deleted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MAX_FOLDER_BYTES", 3 * (1000 + 32))
    for index in range(3):
        cached("things", index, lambda: bytes(1000))
    for age, path in enumerate(sorted(folder.iterdir())):
        os.utime(path, (age, age))
    cached("things", 0, fail)  # used now
    cached("things", 3, lambda: bytes(1000))
    assert len(list(folder.iterdir())) == 3
    cached("things", 0, fail)
    cached("things", 3, fail)


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BOTTEGA_CACHE", str(tmp_path / "file"))
    for content in (b"first", b"second"):
        assert cached("things", "key", lambda content=content: content) == content


def test_processes_side_by_side(folder: Path) -> None:
    program = (
        "from bottega import cache\n"
        "cache.MAX_FOLDER_BYTES = 5000\n"
        "for turn in range(150):\n"
        "    key = turn % 9\n"
        "    content = cache.cached('things', key, lambda: bytes([key]) * 1000)\n"
        "    assert content == bytes([key]) * 1000\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 9 * 1032
    assert not list(folder.glob(".bottega-*"))
