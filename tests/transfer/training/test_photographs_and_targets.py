"""What is learned on, and what it is compared with."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bottega import encoders, pictures
from bottega.errors import PictureError
from bottega.losses import moment_loss
from bottega.transfer.training.fit import photographs
from bottega.transfer.training.losses import POSITIONS, FitObjective, StyleTargets
from bottega.transfer.training.settings import OneStyle


def test_the_two_that_come_along() -> None:
    found = photographs()
    assert not found.own
    assert len(found.training) == 2
    assert found.squares(48).shape == (2, 3, 48, 48)
    # Of two pictures, very different crops.
    assert found.view(64).color > 0 < found.view(64).rotation


def test_a_folder_with_a_broken_file(tmp_path: Path) -> None:
    for number in range(24):
        pictures.save(torch.full((1, 3, 20, 30), number / 24), tmp_path / f"{number}.png")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    seen: list[tuple[int, int]] = []
    found = photographs(tmp_path, lambda done, count: seen.append((done, count)))
    assert found.own
    assert [file.name for file, _ in found.training.broken] == ["broken.jpg"]
    assert seen[-1][0] == seen[-1][1]
    training = {file.name for file in found.training.files}
    assert training.isdisjoint(file.name for file in found.held_out.files)
    assert len(found.held_out) > 0
    assert found.view(64).color == 0
    with pytest.raises(PictureError, match="not a folder"):
        photographs(tmp_path / "nowhere")


def test_a_small_folder_is_validated_on_itself(tmp_path: Path) -> None:
    pictures.save(torch.rand(1, 3, 20, 30), tmp_path / "one.png")
    found = photographs(tmp_path)
    assert found.held_out is found.training


def test_targets_have_the_styles_statistics() -> None:
    encoder = encoders.load("small")
    style = pictures.fit(pictures.photograph("flower").pixels, 160)
    other = pictures.fit(pictures.photograph("china").pixels, 96)
    targets = StyleTargets(encoder, [style, other])
    assert targets.count == 2
    found = targets.of(torch.tensor([1, 0, 0]))
    assert set(found) == {"pixels", *encoder.own_style_layers}
    assert found["relu2_1"].shape == (3, encoder.channels["relu2_1"], 1, POSITIONS)
    with torch.no_grad():
        features = encoder(style, ["relu2_1"])["relu2_1"]
    # A sample of places is as good as all of them; another style is not.
    near = float(moment_loss(features, found["relu2_1"][1:2]))
    far = float(moment_loss(features, found["relu2_1"][:1]))
    assert near < 0.01 < far


def test_the_style_itself_has_little_style_loss() -> None:
    encoder = encoders.load("small")
    style = pictures.fit(pictures.photograph("flower").pixels, 160)
    content = pictures.fit(pictures.photograph("china").pixels, 160)[..., : style.shape[-2], :]
    objective, target = (
        FitObjective(OneStyle(), encoder),
        StyleTargets(encoder, [style]).of(torch.tensor([0])),
    )
    with torch.no_grad():
        same = objective(style, style, target, torch.Generator().manual_seed(0))
        apart = objective(content, content, target, torch.Generator().manual_seed(0))
    assert float(same["content"]) == float(apart["content"]) == 0
    assert float(same["style"]) < 0.1 * float(apart["style"])
    expected = 3 * apart["style"] + 0.5 * apart["smoothness"]
    torch.testing.assert_close(apart["loss"], expected)
