"""Usage errors: one sentence that names the option and the correction, exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bottega.cli import main
from bottega.styles import STYLES

STYLIZE = "stylize photo.jpg --style woodcut"

MESSAGES = {
    "stylise photo.jpg": ("stylise", 'Did you mean "stylize"?'),
    "foo": ("foo", "stylize, remake, styles"),
    "models lst": ("lst", 'Did you mean "list"?'),
    "models foo": ("foo", "list, show, pull"),
    "--jsn doctor": ("--jsn", "Did you mean --json?"),
    "models --foo": ("--foo", "bottega models --help"),
    "stylize": ("CONTENT", "the picture to stylize"),
    "stylize photo.jpg": ("--style", "micro"),
    "stylize photo.jpg --style": ("--style", "requires an argument"),
    "stylize photo.jpg --styl woodcut": ("--styl", "Did you mean --style?"),
    "models show": ("NAME", "bottega models list"),
    "models convert a.pth": ("--output", ".safetensors"),
    f"{STYLIZE} --sise 100": ("--sise", "Did you mean --size?"),
    f"{STYLIZE} --keep-colour": ("--keep-colour", "Did you mean --keep-color?"),
    f"{STYLIZE} --zzz 3": ("--zzz", "bottega stylize --help"),
    f"{STYLIZE} --zzz=3": ("--zzz", "bottega stylize --help"),
    f"{STYLIZE} -xo a.png": ("-x", "bottega stylize --help"),
    f"{STYLIZE} --size big": ("--size", '"big"', "a whole number (pixels, 0 to"),
    f"{STYLIZE} --size 1.5": ("--size", '"1.5"', "a whole number (pixels, 0 to"),
    f"{STYLIZE} --size nan": ("--size", '"nan"', "a whole number (pixels, 0 to"),
    f"{STYLIZE} --strength high": ("--strength", '"high"', "a number (0 to 1)."),
    f"{STYLIZE} --strength 7": ("strength", "7.0", "0 to 1"),
    f"{STYLIZE} --size": ("--size", "requires an argument", "long side of the result"),
    f"{STYLIZE} -o": ("-o", "requires an argument", "the file to write"),
    f"{STYLIZE} --size 10 --size 20": ("--size", "multiple times"),
    f"{STYLIZE} --color-method mach": ('"luminance", "match", "histogram"', 'Did you mean "match"?'),
    f"{STYLIZE} --bits 12": ("--bits", '"12"', "8", "16"),
    f"{STYLIZE} --pooling maxx": ("--pooling", '"average", "max"', 'Did you mean "max"?'),
    f"{STYLIZE} --keep-color yes": ("--keep-color", "switch", 'leave "yes" out'),
    f"{STYLIZE} --keep-color=maybe": ("--keep-color", "switch", 'leave "=maybe" out'),
    f"{STYLIZE} other.jpg": ('"other.jpg"', "CONTENT"),
    f"{STYLIZE} -- --foo": ("--foo", "bottega stylize --help"),
    f"{STYLIZE} --size=": ("--size", "empty argument"),
    "doctor extra": ('"extra"', "options only"),
    "doctor --quiet --quiet": ("--quiet", "multiple times"),
    "--json=3 doctor": ("--json", "switch", 'leave "=3" out'),
    "styles --seed x": ("--seed", '"x"', "a whole number (0 to "),
    "styles --seed -1": ("seed", "-1", "0 to "),
}
"""Command lines, and the parts that their message must have."""


@pytest.mark.parametrize("line", MESSAGES)
def test_message(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("bottega: ")
    assert [part for part in MESSAGES[line] if part not in captured.err] == []
    assert len(captured.err.splitlines()) == 1
    assert captured.err.rstrip().endswith((".", "?"))


def test_empty_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    for args, before in (
        ([""], "bottega"),
        (["styles", "--sheet", ""], "--sheet"),
        (["remake", ""], "remake"),
    ):
        assert main(args) == 2
        assert f"bottega: {before} is followed by an empty argument" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["stylise photo.jpg", f"{STYLIZE} --sise 3", "models show", "doctor extra"])
def test_message_of_a_process(line: str) -> None:
    command = [sys.executable, "-m", "bottega", *line.split()]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert process.stdout == ""
    assert process.stderr.startswith("bottega: ")
    assert all(part in process.stderr for part in MESSAGES.get(line, ()))
    assert len(process.stderr.splitlines()) == 1


def test_message_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylise", "--json"]) == 2
    event = json.loads(capsys.readouterr().out)
    assert (event["event"], event["kind"], event["exit_code"]) == ("error", "SettingsError", 2)
    assert 'Did you mean "stylize"?' in event["message"]


def test_whole_numbers_are_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["styles", "--seed", "12"]) == 0
    output = capsys.readouterr().out
    assert all(name in output for name in STYLES)
