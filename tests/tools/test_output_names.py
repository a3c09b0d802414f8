"""Names that Bottega chooses say what differs, and never stop at a file that exists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bottega.cli import main
from bottega.tools.common.output_paths import unused_path
from bottega.tools.common.tool import configure
from bottega.tools.stylize.settings import TransferSettings


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the pictures photo.png and painting.png, and a folder of two."""
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for name in ("photo.png", "painting.png", "photos/a.png", "photos/b.png"):
        colors = rng.integers(0, 255, (4, 5, 3), dtype=np.uint8)
        Image.fromarray(colors).resize((64, 48), Image.Resampling.BICUBIC).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ({}, ""),
        ({"method": "optimize", "style_scale": 1.5}, "-optimize-s1.5"),
        ({"keep_color": True, "strength": 0.6}, "-strength0.6-keep-color"),
        ({"size": 300, "texture": 0.0}, "-300px-texture0"),
        ({"method": "optimize", "seed": 3, "strength": 1.0}, "-optimize-seed3"),
    ],
)
def test_labels_say_what_differs_from_the_defaults(values: dict[str, object], label: str) -> None:
    assert configure(TransferSettings, values).label == label


def test_names_are_numbered(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert unused_path(path) == path
    path.touch()
    assert unused_path(path).name == "report-2.html"
    (tmp_path / "report-2.json").touch()
    assert unused_path(path, ".json").name == "report-3.html"


def test_the_same_command_twice_keeps_both_results(bench: Path) -> None:
    command = ["stylize", "photo.png", "--style", "painting.png", "--threads", "1"]
    first = bench / "photo-painting.png"
    assert main(command) == 0
    before = first.read_bytes()
    assert main(command) == 0
    assert main([*command, "--style-scale", "1.5"]) == 0
    assert main([*command, "-o", "photo-painting.png"]) == 4  # a name that the user chose
    assert first.read_bytes() == before
    names = {path.name for path in bench.glob("photo-*.png")}
    assert names == {"photo-painting.png", "photo-painting-2.png", "photo-painting-s1.5.png"}
    assert main([*command, "--overwrite"]) == 0
    assert {path.name for path in bench.glob("photo-*.png")} == names


def test_a_second_folder_run_with_other_settings_adds_its_results(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["stylize", "photos", "--style", "painting.png", "--threads", "1", "-o", "out"]
    assert main(command) == 0
    assert main([*command, "--strength", "0.5"]) == 0
    # A setting that names do not tell.
    assert main([*command, "--bits", "16"]) == 0
    names = ["a-painting.png", "a-painting-2.png", "a-painting-strength0.5.png"]
    assert sorted(path.name for path in Path("out").glob("a*")) == sorted(names)
    capsys.readouterr()
    assert main([*command, "--bits", "16"]) == 0
    assert "0 stylized, 2 already done, 0 failed" in capsys.readouterr().out


def test_adjusted_pictures_and_generated_folders_are_numbered(bench: Path) -> None:
    for _ in range(2):
        assert main(["adjust", "photo.png", "--lightness", "0.4", "--refine", "0"]) == 0
        assert main(["generate", "--count", "2", "--threads", "1"]) == 0
    assert (bench / "photo-adjusted-2.png").exists()
    assert len(list((bench / "faces-pictures-2").iterdir())) == 2
