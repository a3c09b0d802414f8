"""The tool ``workflow``: four stages in one folder, and what is refused before they begin."""

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
from bottega.tools.workflow.prepare_data import prepare, prepared

COUNT = 60


class Notes(ProgressReporter):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.messages: list[str] = []
        self.done: list[float] = []

    def note(self, message: str) -> None:
        self.said.append(message)

    def progress(self, done: float, message: str = "", **more: Any) -> None:
        self.done.append(done)
        self.messages.append(message)


def write(file: Path, seed: int) -> None:
    """Soft noise of one of many colours."""
    rng = np.random.default_rng(seed)
    coarse = (rng.integers(40, 200, 3) + rng.integers(-40, 40, (5, 5, 3))).clip(0, 255).astype(np.uint8)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize((36, 40), Image.Resampling.BICUBIC).save(file)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes; a broken file and a twin among them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path / "home"))
    data = tmp_path / "pictures"
    for number in range(COUNT):
        write(data / ("odd" if number % 2 else "even") / f"{number}.png", number)
    write(data / "even" / "twin.png", 2)
    (data / "odd" / "broken.png").write_bytes(b"no picture")
    return data


def work(data: Path, report: ProgressReporter | None = None, **values: Any) -> ToolResult:
    tool = TOOLS["workflow"]
    small = {"size": 32, "width": 4, "latent": 8, "batch": 4, "steps": 3, "measured": 16, "drafts": 8}
    given = {"data": data, "output": Path("mine"), "held_out": 4, "threads": 1, "device": "cpu", **values}
    return tool.run(tool.configure({**small, "extractor": ["random"], **given}), report)


def test_pictures_are_looked_over_and_parted(folder: Path, tmp_path: Path) -> None:
    done: list[int] = []
    found = prepare(folder, tmp_path / "prepared", 16, 4, lambda number, count: done.append(number))
    assert found.broken.keys() == {"odd/broken.png"}
    assert set(*found.twins.items()) == {"even/twin.png", "even/2.png"}
    assert found.training + found.held_out == COUNT
    assert found.held_out >= 8
    names = {path.name for path in found.pictures.rglob("*.png")}
    assert not names & {path.name for path in found.reference.rglob("*.png")}
    with Image.open(next(found.reference.rglob("*.png"))) as picture:
        assert min(picture.size) == 16
    assert done == list(range(1, COUNT + 3))
    assert prepared(folder, tmp_path / "prepared", 16, 4) == found
    assert prepared(folder, tmp_path / "elsewhere", 16, 4) is None
    with pytest.raises(SettingsError, match="was prepared of other pictures"):
        prepared(folder, tmp_path / "prepared", 32, 4)


def test_twins_among_the_few_held_out(folder: Path, tmp_path: Path) -> None:
    """Where too few are left without them, all train, and nothing that an earlier call left does."""
    for file in folder.rglob("*.png"):
        copy = tmp_path / "twins" / f"{file.stem}{file.suffix}"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(file.read_bytes())
        (copy.parent / f"{file.stem}-copy.png").write_bytes(file.read_bytes())
    (tmp_path / "prepared" / "training").mkdir(parents=True)
    write(tmp_path / "prepared" / "training" / "left.png", 99)
    found = prepare(tmp_path / "twins", tmp_path / "prepared", 16, 12, lambda number, count: None)
    assert (found.training, found.held_out) == (COUNT, 0) or found.held_out >= 8
    assert found.training + found.held_out == COUNT
    assert not (found.pictures / "left.png").exists()


def test_few_pictures_are_judged_by_themselves(tmp_path: Path) -> None:
    for number in range(12):
        write(tmp_path / "few" / f"{number}.png", number)
    found = prepare(tmp_path / "few", tmp_path / "prepared", 64, 10, lambda number, count: None)
    assert (found.training, found.held_out, found.small) == (12, 0, 12)
    assert found.reference == found.pictures


def test_from_pictures_to_a_report(folder: Path) -> None:
    notes = Notes()
    outcome = work(folder, notes, palette="#203040,#e0c080")
    for file in outcome.files:
        assert file.exists()
    for name in ("drafts", "personalised"):
        assert len(list(Path("mine", name).glob("*.png"))) == 8
    rows = {row["measure"]: row for row in outcome.rows}
    match = rows["personalisation match: palette"]
    assert match["personalised"] > match["drafts"]
    assert "kid[random]" in rows
    assert json.loads(Path("mine/figures.json").read_text()) == list(outcome.rows)
    assert {"prepare", "train", "draw", "personalise", "evaluate"} <= {
        m.split(":")[0] for m in notes.messages
    }
    assert notes.done == sorted(notes.done)
    assert notes.done[-1] == pytest.approx(1.0)
    assert any("is left out: it is the same picture as even" in line for line in notes.said)
    model = Path("mine/generator.safetensors")
    before = model.stat().st_mtime_ns
    again = work(folder, notes, palette="#c02020,#20c020", overwrite=True, drafts=9)
    assert model.stat().st_mtime_ns == before  # another wish does not train anew
    assert again.rows != outcome.rows
    work(folder, notes, palette="#c02020,#20c020")  # fewer drafts than before
    assert len(list(Path("mine/personalised").glob("*.png"))) == 8
    with pytest.raises(SettingsError, match="holds a training with width 4, not 8"):
        work(folder, width=8)
    remake = TOOLS["remake"]
    picture = sorted(Path("mine/personalised").glob("*.png"))[0]
    asked = remake.configure({"picture": picture, "verify": True, "output": "again.png"})
    assert remake.run(asked).details["verified"]
    assert remake.run(remake.configure({"picture": "again.png", "verify": True})).details["verified"]


def test_without_a_wish_the_pictures_own_colours_are_taken(folder: Path) -> None:
    work(folder)
    wish = json.loads(Path("mine/wish.json").read_text())
    assert {"palette", "lightness", "warmth"} <= (wish.get("condition") or wish).keys()
    with pytest.raises(SettingsError, match='"mine" on your shelf already'):
        work(folder, output=Path("elsewhere"), name="mine")
    assert not Path("elsewhere").exists()


def test_what_is_refused_before_anything_is_made(folder: Path) -> None:
    Path("file").write_text("")
    with pytest.raises(OutputError, match="file is a file; name a folder"):
        work(folder, output=Path("file"))
    with pytest.raises(PictureError, match="not a folder"):
        work(Path("nowhere"))
    with pytest.raises(SettingsError, match="among the pictures to learn from"):
        work(folder, output=folder / "mine")
    Condition(styles={"woodcut": 1.0}).save(Path("styles.json"))
    with pytest.raises(SettingsError, match="What is wished for is not measured"):
        work(folder, wish=Path("styles.json"))
    Path("styles.json").unlink()
    with pytest.raises(SettingsError, match=r"palette cannot be wished for.*[^.]\.$"):
        work(folder, palette="#nothing")
    assert sorted(path.name for path in Path().iterdir()) == ["file", "pictures"]
    assert sorted(path.name for path in folder.iterdir()) == ["even", "odd"]
