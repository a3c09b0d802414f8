"""A stopped optimization resumes from its checkpoint, bit for bit."""

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


def test_a_stopped_run_resumes_bit_for_bit(bench: Path, quick_optimize_settings: dict[str, object]) -> None:
    stylize(output="straight.png", **quick_optimize_settings)
    with pytest.raises(Cancelled, match=r"resumes from work\.state"):
        stylize(StopAt(0.6), output="broken.png", checkpoint="work.state", **quick_optimize_settings)
    assert not (bench / "broken.png").exists()
    stylize(output="broken.png", checkpoint="work.state", **quick_optimize_settings)
    assert (bench / "broken.png").read_bytes() == (bench / "straight.png").read_bytes()
    assert not (bench / "work.state").exists()


def test_a_checkpoint_of_other_iterations_is_rejected(
    bench: Path, quick_optimize_settings: dict[str, object]
) -> None:
    with pytest.raises(Cancelled):
        stylize(StopAt(0.6), output="a.png", checkpoint="work.state", **quick_optimize_settings)
    with pytest.raises(SettingsError, match=r"work\.state"):
        stylize(output="a.png", checkpoint="work.state", **{**quick_optimize_settings, "iterations": 3})


def test_message_without_a_checkpoint(bench: Path, quick_optimize_settings: dict[str, object]) -> None:
    with pytest.raises(Cancelled, match=r"^Stopped; no result was written\.$"):
        stylize(StopAt(0.6), output="a.png", **quick_optimize_settings)
