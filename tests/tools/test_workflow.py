"""The tool ``workflow``: four stages in one folder, and errors before they start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bottega.errors import OutputError, PictureError, SettingsError
from bottega.personalize import Condition
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult
from bottega.tools.registry import TOOLS
from bottega.tools.workflow.prepare_data import load_prepared, prepare

COUNT = 60


class Notes(ProgressReporter):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.messages: list[str] = []
        self.done: list[float] = []

    def note(self, message: str) -> None:
        self.notes.append(message)

    def progress(self, done: float, message: str = "", **more: Any) -> None:
        self.done.append(done)
        self.messages.append(message)


def write(file: Path, seed: int) -> None:
    """Soft noise of one of many colors."""
    rng = np.random.default_rng(seed)
    coarse = (rng.integers(40, 200, 3) + rng.integers(-40, 40, (5, 5, 3))).clip(0, 255).astype(np.uint8)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize((36, 40), Image.Resampling.BICUBIC).save(file)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes; with an unreadable file and a duplicate."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path / "home"))
    data = tmp_path / "pictures"
    for number in range(COUNT):
        write(data / ("odd" if number % 2 else "even") / f"{number}.png", number)
    write(data / "even" / "duplicate.png", 2)
    (data / "odd" / "broken.png").write_bytes(b"no picture")
    return data


def run(data: Path, reporter: ProgressReporter | None = None, **changes: Any) -> ToolResult:
    tool = TOOLS["workflow"]
    small = {
        "size": 32,
        "width": 4,
        "latent": 8,
        "batch": 4,
        "steps": 3,
        "validation_samples": 16,
        "samples": 8,
    }
    values = {"data": data, "output": Path("mine"), "held_out": 4, "threads": 1, "device": "cpu", **changes}
    return tool.run(tool.configure({**small, "extractor": ["random"], **values}), reporter)


def test_pictures_are_checked_and_split(folder: Path, tmp_path: Path) -> None:
    done: list[int] = []
    data = prepare(folder, tmp_path / "prepared", 16, 4, lambda number, count: done.append(number))
    assert data.unreadable.keys() == {"odd/broken.png"}
    assert set(*data.duplicates.items()) == {"even/duplicate.png", "even/2.png"}
    assert data.training + data.held_out == COUNT
    assert data.held_out >= 8
    names = {path.name for path in data.pictures.rglob("*.png")}
    assert not names & {path.name for path in data.reference.rglob("*.png")}
    with Image.open(next(data.reference.rglob("*.png"))) as picture:
        assert min(picture.size) == 16
    assert done == list(range(1, COUNT + 3))
    assert load_prepared(folder, tmp_path / "prepared", 16, 4) == data
    assert load_prepared(folder, tmp_path / "elsewhere", 16, 4) is None
    with pytest.raises(SettingsError, match="was prepared from other pictures"):
        load_prepared(folder, tmp_path / "prepared", 32, 4)


def test_duplicates_among_the_few_held_out(folder: Path, tmp_path: Path) -> None:
    """If too few are left without them, all train; results of an earlier call are deleted."""
    for file in folder.rglob("*.png"):
        copy = tmp_path / "duplicates" / f"{file.stem}{file.suffix}"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(file.read_bytes())
        (copy.parent / f"{file.stem}-copy.png").write_bytes(file.read_bytes())
    (tmp_path / "prepared" / "training").mkdir(parents=True)
    write(tmp_path / "prepared" / "training" / "left.png", 99)
    data = prepare(tmp_path / "duplicates", tmp_path / "prepared", 16, 12, lambda number, count: None)
    assert (data.training, data.held_out) == (COUNT, 0) or data.held_out >= 8
    assert data.training + data.held_out == COUNT
    assert not (data.pictures / "left.png").exists()


def test_duplicates_that_differ_in_hidden_colors_only(tmp_path: Path) -> None:
    for index in range(12):
        write(tmp_path / "pictures" / f"{index}.png", index)
    visible = np.asarray(Image.open(tmp_path / "pictures" / "0.png"))
    alpha = np.zeros((*visible.shape[:2], 1), np.uint8)
    alpha[:20] = 255
    for name, hidden in (("cut", 0), ("cut again", 90)):
        pixels = np.where(alpha > 0, visible, np.uint8(hidden))
        Image.fromarray(np.concatenate([pixels, alpha], 2)).save(tmp_path / "pictures" / f"{name}.png")
    prepared = prepare(tmp_path / "pictures", tmp_path / "prepared", 32, 10, lambda *_: None)
    assert prepared.duplicates == {"cut.png": "cut again.png"}


def test_few_pictures_are_their_own_reference(tmp_path: Path) -> None:
    for number in range(12):
        write(tmp_path / "few" / f"{number}.png", number)
    data = prepare(tmp_path / "few", tmp_path / "prepared", 64, 10, lambda number, count: None)
    assert (data.training, data.held_out, data.small) == (12, 0, 12)
    assert data.reference == data.pictures


def test_from_pictures_to_reports(folder: Path) -> None:
    notes = Notes()
    result = run(folder, notes, palette="#203040,#e0c080")
    for file in result.files:
        assert file.exists()
    for name in ("generated", "personalized"):
        assert len(list(Path("mine", name).glob("*.png"))) == 8
    rows = {row["metric"]: row for row in result.rows}
    match = rows["personalization match: palette"]
    assert match["personalized"] > match["generated"]
    assert "kid[random]" in rows
    assert json.loads(Path("mine/metrics.json").read_text()) == list(result.rows)
    names = ("prepare", "measure", "train", "generate", "personalize", "evaluate")
    stages = [message.split(":")[0] for message in notes.messages]
    assert list(dict.fromkeys(stages)) == [f"{number} of 6, {name}" for number, name in enumerate(names, 1)]
    assert notes.done == sorted(notes.done)
    assert notes.done[-1] == pytest.approx(1.0)
    assert any("is left out: it is the same picture as even" in line for line in notes.notes)
    model = Path("mine/generator.safetensors")
    before = model.stat().st_mtime_ns
    again = run(folder, notes, palette="#c02020,#20c020", overwrite=True, samples=9)
    assert model.stat().st_mtime_ns == before  # another condition does not train again
    assert again.rows != result.rows
    run(folder, notes, palette="#c02020,#20c020")  # fewer pictures than before
    assert len(list(Path("mine/personalized").glob("*.png"))) == 8
    with pytest.raises(SettingsError, match="holds a training with width 4, not 8"):
        run(folder, width=8)
    remake = TOOLS["remake"]
    picture = sorted(Path("mine/personalized").glob("*.png"))[0]
    configured = remake.configure({"picture": picture, "verify": True, "output": "again.png"})
    assert remake.run(configured).details["verified"]
    assert remake.run(remake.configure({"picture": "again.png", "verify": True})).details["verified"]


def test_default_condition_is_the_color_and_light_of_the_pictures(folder: Path) -> None:
    run(folder)
    condition = Condition.load("mine/requested.condition.json")
    assert {"palette", "lightness", "warmth"} <= set(condition.attribute_names)
    with pytest.raises(SettingsError, match='"mine" exists already'):
        run(folder, output=Path("elsewhere"), name="mine")
    assert not Path("elsewhere").exists()


def test_errors_before_the_work(folder: Path) -> None:
    Path("file").write_text("")
    with pytest.raises(OutputError, match="file is a file"):
        run(folder, output=Path("file"))
    with pytest.raises(PictureError, match="not a folder"):
        run(Path("nowhere"))
    with pytest.raises(SettingsError, match="cannot be inside"):
        run(folder, output=folder / "mine")
    Condition(styles={"woodcut": 1.0}).save(Path("styles.condition.json"))
    with pytest.raises(SettingsError, match="nothing that is measured"):
        run(folder, condition=Path("styles.condition.json"))
    Path("styles.condition.json").unlink()
    with pytest.raises(SettingsError, match=r"The palette is invalid.*[^.]\.$"):
        run(folder, palette="#nothing")
    assert sorted(path.name for path in Path().iterdir()) == ["file", "pictures"]
    assert sorted(path.name for path in folder.iterdir()) == ["even", "odd"]
