"""Tables in a terminal of 80 columns: nothing is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from bottega import weights
from bottega.cli import main
from bottega.styles import STYLES

TABLES = ["styles", "models list", "models show small", "models verify", "doctor"]


@pytest.fixture(autouse=True)
def _narrow_terminal(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("line", TABLES)
def test_tables_fit_80_columns(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 0
    output = capsys.readouterr().out
    table = output.partition("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert "…" not in table.replace("BOTTEGA_…", "")


def test_hash_is_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "small"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"sha256 {weights.entry('small').sha256}" in [" ".join(line.split()) for line in lines]


def test_long_values_wrap_in_a_narrower_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert main(["models", "show", "small"]) == 0
    table = capsys.readouterr().out.partition("\n\n")[0]
    assert weights.entry("small").sha256[-8:] in table
    assert max(map(len, table.splitlines())) <= 50


def test_words_are_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["styles"]) == 0
    words = capsys.readouterr().out.split()
    for style in STYLES.values():
        assert all(word in words for word in style.summary.split())
