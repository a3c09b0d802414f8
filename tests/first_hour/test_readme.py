"""The first hour of a new user: the README's rows in order, twice, in one folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bottega.cli import main
from tests.docs.documents import ROOT, inline_commands, write_example_files
from tests.docs.test_pages import smaller

HAS_EXPLICIT_NAME = ("-o", "--output", "--report", "--sheet", "--name", "start")
"""Commands that name their result: the second time they must say that it exists."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of a new user, with the files that the README names."""
    pytest.importorskip("av", reason="the video extra is not installed")
    write_example_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BOTTEGA_OFFLINE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


@pytest.mark.slow
def test_the_readme_from_top_to_bottom_twice(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = [smaller(arguments) for arguments in inline_commands(ROOT / "README.md")]
    assert len(commands) > 10
    for arguments in commands:
        code = main(arguments)
        assert code == 0, f"bottega {' '.join(arguments)}\n{capsys.readouterr().err}"
    contents = {path: path.read_bytes() for path in folder.glob("*.png")}
    for arguments in commands:
        explicit = any(word in HAS_EXPLICIT_NAME for word in arguments)
        code = main(arguments)
        message = capsys.readouterr().err
        assert code in ((0, 2, 4) if explicit else (0,)), f"bottega {' '.join(arguments)}\n{message}"
        if code:
            assert "already exists" in message or "exists already" in message or "not empty" in message
    assert {path: path.read_bytes() for path in contents} == contents, "nothing was replaced"


def test_a_name_of_the_users_own_networks_is_no_obstacle(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "style", "--style", "woodcut", "--photos", "photos", "--minutes", "0.01"]
    command += ["--size", "64", "--threads", "1"]
    for name in ("woodcut", "woodcut-2"):
        assert main(command) == 0, capsys.readouterr().err
        assert f"--model {name}" in capsys.readouterr().out
    assert main(["stylize", "photo.jpg", "--method", "fast"]) == 5
    assert "yours: woodcut, woodcut-2; choose one, as in --model woodcut" in capsys.readouterr().err
    assert main(["stylize", "photo.jpg", "--style", "woodcut", "--compare", "--size", "64"]) == 0
    error = capsys.readouterr().err
    assert "Without fast" in error
    assert "--model woodcut" in error
    assert "adain" not in error
    assert os.listdir(folder / "home")


def test_demo_shows_no_drafts() -> None:
    makefile = (ROOT / "Makefile").read_text()
    demo = makefile[makefile.index("\ndemo:") : makefile.index("What to try next")]
    assert "generate" not in demo
    assert "stylize" in demo
