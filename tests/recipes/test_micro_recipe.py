"""The any-style recipe from end to end, at tiny size."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from bottega import encoders, weights
from bottega.errors import SettingsError
from bottega.training import PictureSet, check_resume_settings
from bottega.transfer.feedforward import MicroNet, StyleTarget, load
from recipes.micro import train
from recipes.micro.__main__ import FIXED
from recipes.micro.config import MicroRecipe
from recipes.micro.dataset import PairDataset, split_by_folder
from recipes.micro.model import build_model
from recipes.micro.objective import Objective
from recipes.micro.train import averaged_model, export, prepare

SMALL = {"batch": 2, "size": 32, "steps": 4, "identity_share": 0.5, "partial_share": 0.5}


@pytest.fixture(autouse=True)
def tiny_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    drawer = train.sample_drawer
    monkeypatch.setattr(train, "sample_drawer", lambda model: drawer(model, 48))
    monkeypatch.setenv("BOTTEGA_PRECISION", "fp32")
    monkeypatch.setenv("BOTTEGA_DEVICE", "cpu")


def dataset() -> PairDataset:
    generator = torch.Generator().manual_seed(0)
    grain = [torch.randint(256, (3, 50, 60), generator=generator, dtype=torch.uint8) for _ in range(2)]
    ramp = torch.linspace(0, 250, 60).to(torch.uint8).expand(3, 50, 60)
    return PairDataset([ramp, ramp.flip(-1) // 2], grain, ())


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_batches() -> None:
    recipe = MicroRecipe(batch=8, size=32, identity_share=0.5, partial_share=0.5)
    pairs = dataset().draw(recipe, torch.Generator().manual_seed(1))
    again = dataset().draw(recipe, torch.Generator().manual_seed(1))
    assert torch.equal(pairs.styles, again.styles)
    assert pairs.contents.shape == pairs.styles.shape == pairs.following.shape == (8, 3, 32, 32)
    assert 0 < float(pairs.same.sum()) < 8
    mirrored = [torch.equal(s, c.flip(-1)) for s, c in zip(pairs.styles, pairs.contents, strict=True)]
    assert mirrored == [bool(flag) for flag in pairs.same]
    assert float(pairs.strength.min()) < 1 == float(pairs.strength.max())
    distance = (pairs.following - pairs.contents).abs().mean()
    assert 0.005 < float(distance) < 0.03


def test_folders_separate_contents_from_styles() -> None:
    root = Path("data")
    files = [root / "paintings/a/1.jpg", root / "photos/open/2.jpg", root / "kaokore/x/3.jpg"]
    pixels = [torch.full((3, 4, 4), value, dtype=torch.uint8) for value in (1, 2, 3)]
    pairs_loaded = split_by_folder(root, PictureSet(pixels, files))
    assert [int(p[0, 0, 0]) for p in pairs_loaded.styles] == [1, 3]
    assert [int(p[0, 0, 0]) for p in pairs_loaded.contents] == [2]
    with pytest.raises(SettingsError, match="one is missing"):
        split_by_folder(root, PictureSet(pixels[:1], files[:1]))


@pytest.mark.parametrize("network", ["micro", "microast"])
def test_losses_fall_on_one_batch(network: str) -> None:
    recipe = MicroRecipe(network=network, **SMALL | {"identity_share": 0.0})
    model, objective = build_model(recipe), Objective(recipe, encoders.load_encoder("small"))
    pairs = dataset().draw(recipe, torch.Generator().manual_seed(1))
    optimizer = torch.optim.Adam(model.parameters(), 3e-4)
    history = []
    for _ in range(10):
        code = model.encode(pairs.styles)
        stylized = model(pairs.contents, code, pairs.strength)
        following = model(pairs.following, code, pairs.strength)
        losses = objective(stylized, following, pairs, torch.Generator().manual_seed(2))
        optimizer.zero_grad()
        torch.autograd.backward(losses["loss"])
        optimizer.step()
        history.append(float(losses["loss"].detach()))
    assert set(losses) == {"loss", "content", "moments", "sliced", "identity", "stability", "calm"}
    assert history[-1] < 0.97 * history[0]


def test_resumed_training_equals_uninterrupted_training(tmp_path: Path) -> None:
    recipe = MicroRecipe(**SMALL)
    straight = prepare(recipe, dataset(), tmp_path / "a", ())
    straight.train()
    first = prepare(recipe, dataset(), tmp_path / "b", ())
    for _ in range(2):
        first.advance()
    first.save()
    second = prepare(recipe, dataset(), tmp_path / "b", ())
    assert second.resume()
    assert second.global_step == 2
    second.train()
    assert same(straight.module.state_dict(), second.module.state_dict())
    assert same(straight.ema.state, second.ema.state)
    assert (tmp_path / "b" / "samples" / "000004.png").exists()

    model = averaged_model(recipe, straight.checkpoint)
    sha256 = export(recipe, model, tmp_path / "micro.safetensors")
    assert len(sha256) == 64
    loaded = load(tmp_path / "micro.safetensors")
    assert isinstance(loaded, MicroNet)
    pairs = dataset().draw(recipe, torch.Generator().manual_seed(3))
    content, style = pairs.contents[:1], pairs.styles[:1]
    # What training computes is what a user gets.
    torch.testing.assert_close(
        model(content, model.encode(style), torch.ones(1, 1)),
        loaded.stylize(content, StyleTarget(loaded.encode(style))),
    )
    check_resume_settings(recipe.model_copy(update={"size": 64}), tmp_path, FIXED)


def test_another_network_is_not_resumed(tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(MicroRecipe().model_dump_json())
    (tmp_path / "last.pt").write_bytes(b"")
    check_resume_settings(MicroRecipe(size=256), tmp_path, FIXED)
    with pytest.raises(SettingsError, match="a training with network micro, not microast"):
        check_resume_settings(MicroRecipe(network="microast"), tmp_path, FIXED)


def test_the_baseline_is_exported_under_its_name(tmp_path: Path) -> None:
    recipe = MicroRecipe(network="microast")
    export(recipe, build_model(recipe), tmp_path / "microast.safetensors")
    assert weights.load_file(tmp_path / "microast.safetensors")[1]["architecture"] == "microast"
    with pytest.raises(ValidationError):
        MicroRecipe(size=50)
