"""A folder of pictures: finished ones are skipped, and a failure does not stop the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from bottega.cli import main
from bottega.errors import Cancelled, OutputError, PartialError, PictureError, SettingsError
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult
from bottega.tools.registry import TOOLS

Quick = Callable[..., list[str]]


class RecordingReporter(ProgressReporter):
    """Records progress and notes, and cancels at a fraction."""

    def __init__(self, stop_at: float = 2.0) -> None:
        self.done: list[float] = []
        self.notes: list[str] = []
        self.stop_at = stop_at

    def progress(self, done: float, message: str = "", **more: object) -> None:
        self.done.append(done)

    def note(self, message: str) -> None:
        self.notes.append(message)

    def cancelled(self) -> bool:
        return bool(self.done) and self.done[-1] >= self.stop_at


@pytest.fixture
def photos(bench: Path) -> Path:
    folder = bench / "photos"
    folder.mkdir()
    for number, name in enumerate(("a.png", "b.jpg", "c.png")):
        image = Image.open("photo.png").rotate(180 * (number % 2))
        image.putpixel((0, 0), (number, 0, 0))
        image.save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


def run(quick: dict[str, object], report: ProgressReporter | None = None, **settings: object) -> ToolResult:
    tool = TOOLS["stylize"]
    values = {"content": "photos", "style": ["style.png"], "output": "results", **quick, **settings}
    return tool.run(tool.configure(values), report)


def test_every_picture_is_stylized_once(photos: Path, quick_optimize_settings: dict[str, object]) -> None:
    reporter = RecordingReporter()
    first = run(quick_optimize_settings, reporter)
    assert [path.name for path in first.files] == [f"{letter}-style-optimize-32px.png" for letter in "abc"]
    assert first.error is None
    assert reporter.done == sorted(reporter.done)
    assert reporter.done[-1] == 1
    stamps = {path: path.stat().st_mtime_ns for path in first.files}
    reporter = RecordingReporter()
    second = run(quick_optimize_settings, reporter)
    assert second.files == ()
    assert len(second.details["skipped"]) == 3
    assert sum("done already" in note for note in reporter.notes) == 3
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}


def test_a_changed_picture_is_not_skipped(photos: Path, quick_optimize_settings: dict[str, object]) -> None:
    run(quick_optimize_settings)
    Image.new("RGB", (40, 30), "teal").save(photos / "a.png")
    outcome = run(quick_optimize_settings)
    assert [path.name for path in outcome.files] == ["a-style-optimize-32px-2.png"]
    assert len(outcome.details["skipped"]) == 2
    assert [path.name for path in run(quick_optimize_settings, overwrite=True).files] == [
        "a-style-optimize-32px.png"
    ]


def test_other_settings_are_not_skipped(photos: Path, quick_optimize_settings: dict[str, object]) -> None:
    run(quick_optimize_settings)
    assert len(run({**quick_optimize_settings, "iterations": 3}, overwrite=True).files) == 3


def test_a_moved_folder_is_skipped(photos: Path, quick_optimize_settings: dict[str, object]) -> None:
    run(quick_optimize_settings)
    photos.rename("album")
    assert run(quick_optimize_settings, content="album").files == ()


def test_a_failure_does_not_stop_the_others(photos: Path, quick_optimize_settings: dict[str, object]) -> None:
    (photos / "b.jpg").write_bytes((photos / "b.jpg").read_bytes()[:200])
    outcome = run(quick_optimize_settings)
    assert [path.name for path in outcome.files] == ["a-style-optimize-32px.png", "c-style-optimize-32px.png"]
    assert list(outcome.details["failed"]) == ["photos/b.jpg"]
    assert isinstance(outcome.error, PartialError)
    assert sorted(path.name for path in Path("results").iterdir()) == [
        "a-style-optimize-32px.png",
        "c-style-optimize-32px.png",
    ]


def test_exit_code_of_a_partial_failure(
    photos: Path, quick: Quick, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "b.jpg").write_bytes(b"")
    assert main(["stylize", "photos", "--style", "style.png", "-o", "results", *quick()]) == 8
    captured = capsys.readouterr()
    assert "2 stylized, 0 already done, 1 failed" in captured.out
    assert "photos/b.jpg" in captured.err.splitlines()[-1]


def test_equal_stems_keep_their_suffix_in_the_name(
    photos: Path, quick_optimize_settings: dict[str, object]
) -> None:
    (photos / "b.jpg").rename(photos / "a.jpg")
    names = [path.name for path in run(quick_optimize_settings).files]
    assert names == [
        "a.jpg-style-optimize-32px.png",
        "a.png-style-optimize-32px.png",
        "c-style-optimize-32px.png",
    ]


def test_cancel_between_steps(photos: Path, quick_optimize_settings: dict[str, object]) -> None:
    with pytest.raises(Cancelled):
        run(quick_optimize_settings, RecordingReporter(stop_at=0.5))
    assert [path.name for path in Path("results").iterdir()] == ["a-style-optimize-32px.png"]


def test_notes_about_styles_are_reported_once(
    photos: Path, quick_optimize_settings: dict[str, object]
) -> None:
    frames = [Image.new("RGB", (40, 30), color) for color in ("red", "blue")]
    for name in ("film.gif", "photos/d.gif"):
        frames[0].save(name, save_all=True, append_images=frames[1:])
    reporter = RecordingReporter()
    run(quick_optimize_settings, reporter, style=["film.gif"])
    assert sum(note.startswith("film.gif") for note in reporter.notes) == 1
    assert sum(note.startswith("photos/d.gif") for note in reporter.notes) == 1


def test_network_and_style_codes_are_loaded_once(
    photos: Path, feedforward_settings: Callable[..., dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bottega.transfer.feedforward import StyleEngine

    calls = []
    encode = StyleEngine.encode
    monkeypatch.setattr(
        StyleEngine, "encode", lambda self, *arguments: calls.append(1) or encode(self, *arguments)
    )
    settings = feedforward_settings(style=["style.png", "other.png"])
    assert len(run({}, **settings).files) == 3
    assert len(calls) == 2
    assert len(run({}, **settings).details["skipped"]) == 3
    assert len(run({}, **{**settings, "engine": "auto"}).details["skipped"]) == 3, "engines do not decide"
    assert len(run({}, **{**settings, "strength": 0.5}).files) == 3


def test_bad_requests(photos: Path, quick_optimize_settings: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="-o"):
        run(quick_optimize_settings, output=None)
    with pytest.raises(SettingsError, match="--sheet"):
        run(quick_optimize_settings, sheet="sheet.png")
    with pytest.raises(OutputError, match="is a file"):
        run(quick_optimize_settings, output="photo.png")
    with pytest.raises(OutputError, match="folder of the inputs"):
        run(quick_optimize_settings, output="photos")
    (photos.parent / "none").mkdir()
    with pytest.raises(PictureError, match="no picture"):
        run(quick_optimize_settings, content="none")


def test_result_names_differ_and_what_is_left_out_is_named(bench: Path, quick: Quick) -> None:
    folder = bench / "mixed"
    (folder / "inner").mkdir(parents=True)
    picture = Image.open("photo.png").convert("RGB")
    names = ("same.jpg", "same.png", "Same.bmp", "same.jpg.png", "other.png")
    for name in names:
        picture.save(folder / name)
    (folder / "film.mp4").write_bytes(b"")
    (folder / "notes.txt").write_text("x")
    reporter = RecordingReporter()
    values = {"content": folder, "style": ["style.png"], "output": bench / "results"}
    values |= {"method": "photo", "model": "tiny-photo", "threads": 1}
    tool = TOOLS["stylize"]
    result = tool.run(tool.configure(values), reporter)
    assert len(result.files) == len(names)
    assert len({path.name.casefold() for path in (bench / "results").iterdir()}) == len(names)
    notes = " ".join(reporter.notes)
    for name in ("film.mp4", "inner", "notes.txt"):
        assert name in notes
