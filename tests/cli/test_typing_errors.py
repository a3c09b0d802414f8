"""What was typed wrongly: one sentence that names it and says what would be right, exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bottega.cli import main
from bottega.styles import STYLES

STYLIZE = "stylize photo.jpg --style woodcut"

SENTENCES = {
    "stylise photo.jpg": 'There is no command "stylise". Did you mean "stylize"?',
    "foo": 'There is no command "foo"; there are stylize, remake, styles',
    "models lst": 'There is no command "models lst". Did you mean "models list"?',
    "models foo": 'There is no command "models foo"; there are list, show, pull',
    "--jsn doctor": '"bottega" has no option --jsn. Did you mean --json?',
    "models --foo": '"bottega models" has no option --foo; "bottega models --help" lists them.',
    "stylize": '"bottega stylize" needs CONTENT: the picture to repaint',
    "stylize photo.jpg": "The method micro needs --style: a picture whose manner to take",
    "stylize photo.jpg --style": "--style needs a value after it: a picture whose manner to take",
    "stylize photo.jpg --styl woodcut": '"bottega stylize" has no option --styl. Did you mean --style?',
    "models show": '"bottega models show" needs NAME: as bottega models list shows it.',
    "models convert a.pth": '"bottega models convert" needs --output: the .safetensors file to write.',
    f"{STYLIZE} --sise 100": '"bottega stylize" has no option --sise. Did you mean --size?',
    f"{STYLIZE} --keep-colour": '"bottega stylize" has no option --keep-colour. Did you mean --keep-color?',
    f"{STYLIZE} --zzz 3": '"bottega stylize" has no option --zzz; "bottega stylize --help" lists them.',
    f"{STYLIZE} --zzz=3": '"bottega stylize" has no option --zzz; "bottega stylize --help" lists them.',
    f"{STYLIZE} -xo a.png": '"bottega stylize" has no option -x; "bottega stylize --help" lists them.',
    f"{STYLIZE} --size big": '--size is "big"; it takes a whole number (',
    f"{STYLIZE} --size 1.5": '--size is "1.5"; it takes a whole number (',
    f"{STYLIZE} --size nan": '--size is "nan"; it takes a whole number (',
    f"{STYLIZE} --strength high": '--strength is "high"; it takes a number (0 to 1).',
    f"{STYLIZE} --strength 7": "The setting strength is 7.0; its range is 0 to 1.",
    f"{STYLIZE} --size": "--size needs a value after it: long side of the result",
    f"{STYLIZE} -o": "-o needs a value after it: the file to write",
    f"{STYLIZE} --size 10 --size 20": "--size is given twice; give it once.",
    f"{STYLIZE} --color-method mach": "choose luminance, match or histogram. Did you mean match?",
    f"{STYLIZE} --bits 12": '--bits is "12"; choose 8 or 16.',
    f"{STYLIZE} --pooling maxx": '--pooling is "maxx"; choose average or max. Did you mean max?',
    f"{STYLIZE} --keep-color yes": '--keep-color is a switch and takes no value; leave "yes" away.',
    f"{STYLIZE} --keep-color=maybe": '--keep-color is a switch and takes no value; leave "=maybe" away.',
    f"{STYLIZE} other.jpg": '"other.jpg" is one word too many; "bottega stylize" takes one CONTENT',
    f"{STYLIZE} -- --foo": '"bottega stylize" has no option --foo; "bottega stylize --help" lists them.',
    f"{STYLIZE} --size=": "--size is followed by an empty word; give it a value, or leave it away.",
    "doctor extra": '"extra" is one word too many; "bottega doctor" takes no words but its options.',
    "doctor --quiet --quiet": "--quiet is given twice; give it once.",
    "--json=3 doctor": '--json is a switch and takes no value; leave "=3" away.',
    "styles --seed x": '--seed is "x"; it takes a whole number (0 to ',
    "styles --seed -1": "The setting seed is -1; its range is 0 to ",
}


@pytest.mark.parametrize("line", SENTENCES)
def test_the_sentence(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("bottega: ")
    assert SENTENCES[line] in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.err.rstrip().endswith((".", "?"))


def test_empty_words(capsys: pytest.CaptureFixture[str]) -> None:
    for words, before in (
        ([""], "bottega"),
        (["styles", "--sheet", ""], "--sheet"),
        (["remake", ""], "remake"),
    ):
        assert main(words) == 2
        sentence = f"bottega: {before} is followed by an empty word; give it a value, or leave it away."
        assert capsys.readouterr().err.strip() == sentence


def test_no_word_of_the_library_gets_through(capsys: pytest.CaptureFixture[str]) -> None:
    for line in SENTENCES:
        main(line.split())
    told = capsys.readouterr().err.lower()
    for word in ("token", "parameter", "argument", "convert", "invalid", "unable", " int", "float", "bool"):
        assert word not in told.replace("models convert", "").replace("convert, import", ""), word


@pytest.mark.parametrize("line", ["stylise photo.jpg", f"{STYLIZE} --sise 3", "models show", "doctor extra"])
def test_the_same_from_a_process(line: str) -> None:
    command = [sys.executable, "-m", "bottega", *line.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"bottega: {SENTENCES.get(line, '')}")
    assert len(done.stderr.splitlines()) == 1


def test_programs_hear_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylise", "--json"]) == 2
    event = json.loads(capsys.readouterr().out)
    assert (event["event"], event["kind"], event["exit_code"]) == ("error", "SettingsError", 2)
    assert event["message"] == SENTENCES["stylise photo.jpg"]


def test_whole_numbers_are_read_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["styles", "--seed", "12"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in STYLES)
