"""Work that was stopped resumes from its state, bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from bottega.errors import Cancelled, SettingsError
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.registry import TOOLS


class StopAt(ProgressReporter):
    """Asks to stop once so much is done."""

    def __init__(self, done: float) -> None:
        self.limit, self.done = done, 0.0

    def progress(self, done: float, message: str = "", **more: object) -> None:
        self.done = done

    def cancelled(self) -> bool:
        return self.done >= self.limit


def stylize(report: ProgressReporter | None = None, **settings: object) -> None:
    tool = TOOLS["stylize"]
    more = {**settings, "last_iterations": 4}
    tool.run(tool.configure({"content": "photo.png", "style": ["style.png"], **more}), report)


def test_stopped_work_goes_on(bench: Path, quick_settings: dict[str, object]) -> None:
    stylize(output="straight.png", **quick_settings)
    with pytest.raises(Cancelled, match=r"resumes from work\.state"):
        stylize(StopAt(0.6), output="broken.png", checkpoint="work.state", **quick_settings)
    assert not (bench / "broken.png").exists()
    stylize(output="broken.png", checkpoint="work.state", **quick_settings)
    assert (bench / "broken.png").read_bytes() == (bench / "straight.png").read_bytes()
    assert not (bench / "work.state").exists()


def test_a_state_of_other_settings_is_refused(bench: Path, quick_settings: dict[str, object]) -> None:
    with pytest.raises(Cancelled):
        stylize(StopAt(0.6), output="a.png", checkpoint="work.state", **quick_settings)
    with pytest.raises(SettingsError, match=r"work\.state"):
        stylize(output="a.png", checkpoint="work.state", **{**quick_settings, "iterations": 3})


def test_without_a_state_nothing_is_promised(bench: Path, quick_settings: dict[str, object]) -> None:
    with pytest.raises(Cancelled, match=r"^Stopped; no result was written\.$"):
        stylize(StopAt(0.6), output="a.png", **quick_settings)
