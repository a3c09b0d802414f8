"""Contact sheets: one picture by every method, one photo in every style."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bottega import styles
from bottega.cli import main
from bottega.errors import OutputError, PictureError, SettingsError, WeightsError
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult
from bottega.tools.registry import TOOLS


class RecordingReporter(ProgressReporter):
    """Records the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def compare(quick: dict[str, Any], report: ProgressReporter | None = None, **settings: Any) -> ToolResult:
    tool = TOOLS["stylize"]
    values = {name: value for name, value in quick.items() if name != "method"}
    values = {"content": "photo.png", "style": ["style.png"], "compare": True, **values, **settings}
    return tool.run(tool.configure(values), report)


@pytest.mark.parametrize("method", ["micro", "photo", "adain", "fast"])
def test_methods_are_compared_on_one_sheet(
    bench: Path, quick_optimize_settings: dict[str, Any], method: str
) -> None:
    reporter = RecordingReporter()
    outcome = compare(quick_optimize_settings, reporter, model=f"tiny-{method}", output="sheet.png")
    seconds = {row["method"]: row["seconds"] for row in outcome.rows}
    assert {"optimize", method} <= set(seconds)
    assert all(value >= 0 for value in seconds.values())
    assert outcome.files == (Path("sheet.png"),)
    # Two rows: the photograph and its style, then the methods.
    assert Image.open("sheet.png").height > 2 * 480
    missing = {note.split(":")[0] for note in reporter.notes if note.startswith("Without")}
    assert "Without multi" in missing
    assert not missing & {f"Without {name}" for name in seconds}


def test_a_network_of_several_styles_is_compared_by_their_names(
    bench: Path, quick_optimize_settings: dict[str, Any]
) -> None:
    Image.open("style.png").save("candy", "PNG")
    outcome = compare(quick_optimize_settings, model="tiny-multi", style=["candy"])
    assert "multi" in [row["method"] for row in outcome.rows]
    assert outcome.files == (Path("photo-compared.png"),)


def test_invalid_comparisons(bench: Path, quick_optimize_settings: dict[str, Any]) -> None:
    for name, value in (
        ("method", "optimize"),
        ("checkpoint", "w.state"),
        ("sheet", "s.png"),
    ):
        with pytest.raises(SettingsError, match=f"leave --{name} out"):
            compare(quick_optimize_settings, **{name: value})
    with pytest.raises(SettingsError, match="is a folder"):
        compare(quick_optimize_settings, content=".")
    with pytest.raises(WeightsError, match="tiny is not a style transfer network"):
        compare(quick_optimize_settings, model="tiny")
    with pytest.raises(PictureError, match=r"none\.png"):
        compare(quick_optimize_settings, content="none.png")
    (bench / "sheet.png").write_bytes(b"precious")
    with pytest.raises(OutputError, match="--overwrite"):
        compare(quick_optimize_settings, output="sheet.png")


def test_the_command_line_compares(
    bench: Path, quick: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    words = quick("--model", "tiny-fast", "--compare", "-o", "sheet.jpg")
    at = words.index("--method")
    del words[at : at + 2]
    assert main(["stylize", "photo.png", "--style", "style.png", *words]) == 0
    captured = capsys.readouterr()
    assert "sheet.jpg" in captured.out
    assert "optimize" in captured.out
    assert "Without multi" in captured.err


def run_styles(**settings: Any) -> ToolResult:
    return TOOLS["styles"].run(TOOLS["styles"].configure(settings))


def test_a_photo_in_every_style(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: styles.STYLES[name] for name in ("risograph", "woodcut", "mosaic")}
    monkeypatch.setattr(styles, "STYLES", few)
    outcome = run_styles(photo="photo.png", sheet="sheet.png", size=64, model="tiny-micro")
    assert outcome.files == (Path("sheet.png"),)
    assert [row["name"] for row in outcome.rows] == list(few)
    # The photograph and three styles, each 85 by 64 pixels, in one row.
    assert Image.open("sheet.png").width > 4 * 85


def test_invalid_style_sheets(bench: Path) -> None:
    with pytest.raises(SettingsError, match=r"-o sheet\.png"):
        run_styles(photo="photo.png")
    with pytest.raises(OutputError, match="never overwritten"):
        run_styles(photo="photo.png", sheet="photo.png", overwrite=True)
    with pytest.raises(PictureError, match=r"none\.png"):
        run_styles(photo="none.png", sheet="sheet.png")
