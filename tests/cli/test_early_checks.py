"""Wrong names, files and numbers are answered before torch is imported, for every command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bottega.cli import main
from bottega.tools.registry import TOOLS

PROGRAM = """
import sys
from bottega.cli import main
for line in sys.stdin.read().splitlines():
    code = main(line.split())
    print(line, code, "torch" in sys.modules)
"""

COMMANDS = {  # command line: exit code, and what the message names
    "stylize missing.png --style style.png": (3, "missing.png does not exist"),
    "stylize photo.png --style missing.png": (3, "missing.png does not exist"),
    "stylize photo.png --style wodcut": (2, 'Did you mean "woodcut"?'),
    "stylize empty --style woodcut -o results": (3, "There is no picture in the folder empty."),
    "stylize photo.png --style woodcut --region sky=missing.png": (3, "missing.png does not exist"),
    "stylize photo.png --style woodcut --model missing": (5, '"missing"'),
    "stylize photo.png --style woodcut --method optimize --encoder missing": (5, '"missing"'),
    "stylize photo.png --style woodcut -o missing/out.png": (4, "The folder missing does not exist"),
    "stylize photo.png --style woodcut -o style.png": (4, "style.png already exists"),
    "stylize https://example.org/a.png --style woodcut": (3, "https://example.org/a.png is a web address"),
    "stylize photo.png --style https://example.org/a.png:0.5": (3, "https://example.org/a.png is a web"),
    "remake missing.png --verify": (3, "missing.png does not exist"),
    "remake photo.png": (2, "--verify"),
    "styles --photo missing.png -o out.png": (3, "missing.png does not exist"),
    "generate --model missing": (5, '"missing"'),
    "generate --project missing.png": (3, "missing.png does not exist"),
    "generate --subject=-0.3,0.6": (2, '--subject is "-0.3,0.6"; both numbers must be 0 to 1'),
    "generate -o style.png": (4, "style.png already exists"),
    "adjust missing.png --lightness 0.5": (3, "missing.png does not exist"),
    "adjust photo.png --like missing.png": (3, "missing.png does not exist"),
    "adjust photo.png --subject=-0.3,0.6": (2, '--subject is "-0.3,0.6"; both numbers must be 0 to 1'),
    "analyze missing.png": (3, "missing.png does not exist"),
    "analyze empty": (3, "There is no picture in the folder empty."),
    "evaluate empty --against empty": (3, "There is no picture in the folder empty."),
    "evaluate https://example.org/a --against empty": (3, "https://example.org/a is a web address"),
    "train gan --data missing": (3, "The folder missing does not exist"),
    "train style --style missing.png": (3, "missing.png does not exist"),
    "train multi --style woodcut --photos missing": (3, "The folder missing does not exist"),
    "workflow --data missing -o out": (3, "The folder missing does not exist"),
    "choose start new.json empty": (3, "There is no picture in the folder empty."),
    "choose start new.json": (2, "a folder, or --model generator"),
    "choose next missing.json": (2, "missing.json does not exist"),
    "choose pick missing.json 3": (2, "missing.json does not exist"),
    "choose score missing.json empty": (2, "missing.json does not exist"),
    "choose export missing.json": (2, "missing.json does not exist"),
    "models show missing": (5, '"missing"'),
    "models import https://example.org/a.pth --name mine": (5, "https://example.org/a.pth is a web address"),
}


@pytest.fixture
def folder(bench: Path) -> Path:
    (bench / "empty").mkdir()
    return bench


def test_torch_is_not_imported(folder: Path) -> None:
    # The last two read the file with torch, if it exists.
    lines = [line for line in COMMANDS if not line.startswith("models import")]
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    answers = [line for line in result.stdout.splitlines() if line.rsplit(maxsplit=2)[0] in COMMANDS]
    assert answers == [f"{line} {COMMANDS[line][0]} False" for line in lines], result.stderr


@pytest.mark.parametrize("line", COMMANDS)
def test_the_message_names_what_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    code, text = COMMANDS[line]
    assert main(line.split()) == code
    message = capsys.readouterr().err
    assert text in message
    assert "train on" not in message


def test_inputs_are_checked_before_outputs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylize", "missing.png", "--style", "wodcut", "-o", "missing/out.xyz"]) == 3
    assert "missing.png" in capsys.readouterr().err
    assert main(["stylize", "photo.png", "--stle", "x", "-o", "missing/out.xyz"]) == 2
    assert "--stle" in capsys.readouterr().err


def test_a_wrong_name_is_answered_at_once(folder: Path) -> None:
    # In processor time, which other work on the machine lengthens least; the best of three.
    spent = []
    for _ in range(3):
        before = os.times()
        subprocess.run(
            [sys.executable, "-m", "bottega", "stylize", "missing.png", "--style", "woodcut"],
            capture_output=True,
            check=False,
        )
        after = os.times()
        spent.append(sum(after[2:4]) - sum(before[2:4]))
    assert min(spent) < 1.2


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [("stylze", "stylize"), ("paint", None), ("picture", None), ("evaluat", "evaluate"), ("draw", None)],
)
def test_only_similar_commands_are_suggested(
    capsys: pytest.CaptureFixture[str], typed: str, suggestion: str | None
) -> None:
    assert main([typed]) == 2
    message = capsys.readouterr().err
    assert (f'Did you mean "{suggestion}"?' in message) == (suggestion is not None)
    assert ("Did you mean" in message) == (suggestion is not None)


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [("phto.png", True), ("foto.png", True), ("sunset.png", False), ("photo-2.png", False)],
)
def test_only_similar_files_are_suggested(
    folder: Path, capsys: pytest.CaptureFixture[str], typed: str, suggested: bool
) -> None:
    assert main(["stylize", typed, "--style", "woodcut"]) == 3
    assert ("Did you mean photo.png?" in capsys.readouterr().err) == suggested


def test_commands_that_read_files_check_them_early() -> None:
    without = {name for name, tool in TOOLS.items() if tool.check_files is None}
    assert without == {name for name in TOOLS if name.startswith("models ")} | {"doctor"}
