"""Content photographs, style features and losses of training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bottega import encoders, pictures
from bottega.errors import PictureError
from bottega.losses import moment_loss
from bottega.transfer.training.fit import load_content_photos
from bottega.transfer.training.losses import STYLE_POSITIONS, StyleFeatures, StylizationLoss
from bottega.transfer.training.settings import SingleStyleSettings


def test_sample_photographs() -> None:
    photos = load_content_photos()
    assert not photos.from_user
    assert len(photos.training) == 2
    assert photos.validation_crops(48).shape == (2, 3, 48, 48)
    # Stronger augmentation of two pictures.
    assert photos.crop_transform(64).color > 0 < photos.crop_transform(64).rotation


def test_a_folder_with_a_broken_file(tmp_path: Path) -> None:
    for index in range(24):
        pictures.save(torch.full((1, 3, 20, 30), index / 24), tmp_path / f"{index}.png")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    progress: list[tuple[int, int]] = []
    photos = load_content_photos(tmp_path, lambda done, count: progress.append((done, count)))
    assert photos.from_user
    assert [file.name for file, _ in photos.training.broken] == ["broken.jpg"]
    assert progress[-1][0] == progress[-1][1]
    training = {file.name for file in photos.training.files}
    assert training.isdisjoint(file.name for file in photos.held_out.files)
    assert len(photos.held_out) > 0
    assert photos.crop_transform(64).color == 0
    with pytest.raises(PictureError, match="not a folder"):
        load_content_photos(tmp_path / "nowhere")


def test_a_small_folder_is_validated_on_itself(tmp_path: Path) -> None:
    pictures.save(torch.rand(1, 3, 20, 30), tmp_path / "one.png")
    photos = load_content_photos(tmp_path)
    assert photos.held_out is photos.training


def test_style_features_have_the_styles_statistics() -> None:
    encoder = encoders.load_encoder("small")
    style = pictures.fit(pictures.photograph("flower").pixels, 160)
    other = pictures.fit(pictures.photograph("china").pixels, 96)
    targets = StyleFeatures(encoder, [style, other])
    assert targets.count == 2
    features_by_layer = targets.select(torch.tensor([1, 0, 0]))
    assert set(features_by_layer) == {"pixels", *encoder.network_style_layers}
    assert features_by_layer["relu2_1"].shape == (3, encoder.channels["relu2_1"], 1, STYLE_POSITIONS)
    with torch.no_grad():
        features = encoder(style, ["relu2_1"])["relu2_1"]
    # A sample of positions has the statistics of all; another style has not.
    near = float(moment_loss(features, features_by_layer["relu2_1"][1:2]))
    far = float(moment_loss(features, features_by_layer["relu2_1"][:1]))
    assert near < 0.01 < far


def test_style_loss_of_the_style_itself_is_small() -> None:
    encoder = encoders.load_encoder("small")
    style = pictures.fit(pictures.photograph("flower").pixels, 160)
    content = pictures.fit(pictures.photograph("china").pixels, 160)[..., : style.shape[-2], :]
    loss, target = (
        StylizationLoss(SingleStyleSettings(), encoder),
        StyleFeatures(encoder, [style]).select(torch.tensor([0])),
    )
    with torch.no_grad():
        same = loss(style, style, target, torch.Generator().manual_seed(0))
        different = loss(content, content, target, torch.Generator().manual_seed(0))
    assert float(same["content"]) == float(different["content"]) == 0
    assert float(same["style"]) < 0.1 * float(different["style"])
    expected = 3 * different["style"] + 0.5 * different["smoothness"]
    torch.testing.assert_close(different["loss"], expected)
