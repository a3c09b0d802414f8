"""``bottega train gan``: from a folder of pictures to a registered generator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bottega import weights
from bottega.errors import SettingsError
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult
from bottega.tools.registry import TOOLS

TINY = {
    "size": 32,
    "width": 4,
    "latent": 8,
    "batch": 4,
    "steps": 3,
    "validation_samples": 16,
    "threads": 1,
    "device": "cpu",
}


class Notes(ProgressReporter):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def train(report: ProgressReporter | None = None, **values: Any) -> ToolResult:
    tool = TOOLS["train gan"]
    return tool.run(tool.configure({**TINY, **values}), report)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of twelve pictures in two classes; weights go to a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path / "home"))
    rng = np.random.default_rng(0)
    for index in range(12):
        parent = tmp_path / "my pictures" / ("dark" if index % 2 else "light")
        parent.mkdir(parents=True, exist_ok=True)
        level = rng.integers(20, 90) if index % 2 else rng.integers(150, 230)
        noise = rng.integers(-20, 20, (36, 36, 3))
        Image.fromarray((level + noise).clip(0, 255).astype(np.uint8)).save(parent / f"{index}.png")
    return tmp_path / "my pictures"


def test_train_gan_then_generate(folder: Path, tmp_path: Path) -> None:
    report = Notes()
    result = train(report, data=folder, output=tmp_path / "mine.safetensors")
    assert result.details["name"] == "mine"
    assert "12 pictures in 2 classes" in report.notes[0]
    assert "often copied" in report.notes[0]
    metadata = weights.load("mine")[1]
    assert metadata["classes"] == ["dark", "light"]
    assert metadata["figures"].keys() == {"step", "fid", "near_copies"}
    assert "data" not in metadata["training"]  # no path goes into a file that is passed on
    assert all(file.exists() for file in result.files)
    generate = TOOLS["generate"]
    values = {"model": "mine", "count": 2, "class_name": ["dark"], "sheet": "sheet.png"}
    assert generate.run(generate.configure({**values, "threads": 1})).files[0].exists()
    with pytest.raises(SettingsError, match="holds a training with size 32, not 64"):
        train(data=folder, size=64, run="mine.training", name="other")


def test_a_change_of_the_pictures_is_noticed_on_resume(folder: Path, tmp_path: Path) -> None:
    train(data=folder, name="mine")
    (folder / "dark").rename(folder / "night")
    with pytest.raises(SettingsError, match=r"other classes \(dark, now night\)"):
        train(data=folder, name="mine", steps=4, overwrite=True)
    (folder / "night").rename(folder / "dark")
    file = next((folder / "light").iterdir())
    original = file.read_bytes()
    Image.new("RGB", (36, 36), (200, 20, 20)).save(file)
    with pytest.raises(SettingsError, match="a training with other pictures"):
        train(data=folder, name="mine", steps=4, overwrite=True)
    file.write_bytes(original)
    moved = folder.rename(tmp_path / "moved")  # the same pictures elsewhere
    report = Notes()
    train(report, data=moved, name="mine", steps=4, overwrite=True)
    assert any("Resuming" in note for note in report.notes)


def test_pictures_that_look_alike(folder: Path, tmp_path: Path) -> None:
    similar = tmp_path / "alike"
    similar.mkdir()
    for level in range(12):
        picture = np.full((36, 36, 3), 128, np.uint8)
        picture[:2, :2] += 10 * level
        Image.fromarray(picture).save(similar / f"{level}.png")
    for copy in ("x.png", "y.png"):
        Image.fromarray(np.full((36, 36, 3), 128, np.uint8)).save(similar / copy)
    report = Notes()
    result = train(report, data=similar, name="alike")
    assert all(file.exists() for file in result.files)
    assert [note.split("/")[-1] for note in report.notes if "left out" in note] == ["0.png."] * 2


def test_tensorboard(folder: Path, tmp_path: Path) -> None:
    train(data=folder, name="curves", steps=2, tensorboard=True)
    assert list((tmp_path / "curves.training" / "tensorboard").glob("events*"))


def test_settings_of_another_network_are_refused(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"--dropout.*dcgan"):
        train(data=folder, dropout=0.2)
