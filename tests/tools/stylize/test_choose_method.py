"""``--method auto``, and notes about combinations that look poor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bottega import pictures
from bottega.cli import main
from bottega.tools.stylize.choose_method import measure


def portrait() -> torch.Tensor:
    """A face before a noisy wall: an ellipse in the color of skin with eyes, (1, 3, 120, 100)."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(40, 120, (120, 100, 3)).astype(np.float32)
    y, x = np.mgrid[:120, :100]
    face = ((y - 55) / 36) ** 2 + ((x - 50) / 26) ** 2 < 1
    pixels[face] = np.array([215, 165, 135]) + rng.normal(0, 6, (int(face.sum()), 3))
    pixels[46:50, 38:44] = pixels[46:50, 56:62] = 40
    return torch.from_numpy(pixels / 255).permute(2, 0, 1)[None].clamp(0, 1)


def drawing() -> torch.Tensor:
    picture = torch.ones(1, 3, 120, 100)
    picture[..., 20:100, 48:52] = 0
    return picture


def test_subjects() -> None:
    assert measure(portrait()).subject == "portrait"
    assert measure(drawing()).subject == "drawing"
    for name in ("china", "flower"):
        assert measure(pictures.photograph(name).pixels).subject == "photo"


def test_a_wall_in_the_colors_of_skin_is_no_portrait() -> None:
    wall = torch.tensor([215, 165, 135]).view(1, 3, 1, 1) / 255
    assert measure(wall.expand(1, 3, 120, 100)).subject != "portrait"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pictures.save(portrait(), tmp_path / "face.png")
    pictures.save(drawing(), tmp_path / "sketch.png")
    return tmp_path


def test_auto_says_what_it_chose(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["--style", "woodcut", "--method", "auto", "--threads", "1"]
    assert main(["stylize", "face.png", *common]) == 0
    assert "face.png looks like a portrait" in capsys.readouterr().err
    recipe = pictures.read_recipe("face-woodcut-photo.png")
    assert recipe is not None
    assert recipe["settings"]["method"] == "photo"
    # A setting that the best method does not support.
    assert main(["stylize", "face.png", *common, "--texture", "0.5"]) == 0
    assert "but photo does not support all settings: method micro" in capsys.readouterr().err
    assert main(["stylize", "china", *common, "--size", "64"]) == 0
    assert "china looks like a photo: method micro" in capsys.readouterr().err


def test_a_folder_gets_one_method(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("faces").mkdir()
    for name in ("a", "b"):
        Image.open("face.png").save(f"faces/{name}.png")
    command = ["stylize", "faces", "--style", "woodcut", "--method", "auto", "--threads", "1", "-o", "out"]
    assert main(command) == 0
    assert "Most pictures in faces look like a portrait" in capsys.readouterr().err
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "a-woodcut-photo.png",
        "b-woodcut-photo.png",
    ]


def test_a_note_about_large_enlargements(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["stylize", "face.png", "--style", "woodcut", "--method", "photo", "--threads", "1"]
    assert main([*command, "--size", "480"]) == 0
    assert "soft" not in capsys.readouterr().err
    assert main([*command, "--size", "600"]) == 0
    assert "enlarged 5 times it looks soft. --size 480 at most" in capsys.readouterr().err
