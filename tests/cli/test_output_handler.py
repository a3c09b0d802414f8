"""Progress where standard error is not a terminal: a line every few seconds, from a thread."""

from __future__ import annotations

import time

import pytest

from bottega.cli import output
from bottega.cli.output import FIRST_STAGE, ProgressLines, TerminalOutput


def wait_for_lines(capsys: pytest.CaptureFixture[str], count: int) -> list[str]:
    text, end = "", time.monotonic() + 20
    while len(text.splitlines()) < count and time.monotonic() < end:
        time.sleep(0.02)
        text += capsys.readouterr().err
    return text.splitlines()


def test_lines_name_the_stage_the_share_and_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ProgressLines(seconds=0.05)
    assert wait_for_lines(capsys, 2)[0] == f"{FIRST_STAGE}: 0 s so far"
    lines.update(0.25, "picture 3 of 12", 75.0)
    assert "picture 3 of 12: 25 %, " in wait_for_lines(capsys, 2)[-1]
    lines.stop()
    capsys.readouterr()
    time.sleep(0.15)
    assert capsys.readouterr().err == ""


def test_the_handler_writes_them_while_a_tool_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "SECONDS_BETWEEN_LINES", 0.05)
    with TerminalOutput() as handler:
        handler.progress(0.5, "stylizing", seconds_left=130)
        assert any(
            line.startswith("stylizing: 50 %, ") and line.endswith(" 2 min 10 s left")
            for line in wait_for_lines(capsys, 2)
        )


def test_short_work_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalOutput() as handler:
        handler.progress(0.5, "stylizing")
    assert capsys.readouterr().err == ""
