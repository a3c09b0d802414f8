"""The photorealistic recipe from end to end, at tiny size."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from bottega import encoders
from bottega.transfer.feedforward import PhotoNet, StyleTarget, load
from recipes.micro.dataset import PairDataset
from recipes.photo import train
from recipes.photo.config import PhotoRecipe
from recipes.photo.measure import palette_distance
from recipes.photo.objective import PhotoObjective, grid_smoothness, order_loss
from recipes.photo.train import (
    averaged_network,
    build,
    draw,
    export,
    mixed_dataset,
    prepare,
    stylize_with_grid,
)

SMALL = PhotoRecipe(batch=2, size=32, steps=4, identity_share=0.5, partial_share=0.5)


@pytest.fixture(autouse=True)
def tiny_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    drawer = train.sample_drawer
    monkeypatch.setattr(train, "sample_drawer", lambda network: drawer(network, 32))
    monkeypatch.setenv("BOTTEGA_PRECISION", "fp32")
    monkeypatch.setenv("BOTTEGA_DEVICE", "cpu")


def dataset() -> PairDataset:
    generator = torch.Generator().manual_seed(0)
    grain = [torch.randint(256, (3, 50, 60), generator=generator, dtype=torch.uint8) for _ in range(2)]
    ramp = torch.linspace(0, 250, 60).to(torch.uint8).expand(3, 50, 60)
    return mixed_dataset(PairDataset([ramp, ramp.flip(-1) // 2], grain, ()))


def test_losses_fall_on_one_batch() -> None:
    recipe = SMALL.model_copy(update={"identity_share": 0.0})
    network, objective = build(recipe).train(), PhotoObjective(recipe, encoders.load_encoder("small"))
    pairs = draw(dataset(), recipe, torch.Generator().manual_seed(1))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    history = []
    for _ in range(20):
        stylized, cells = stylize_with_grid(network, pairs)
        losses = objective(stylized, cells, pairs, torch.Generator().manual_seed(2))
        optimizer.zero_grad()
        torch.autograd.backward(losses["loss"])
        optimizer.step()
        history.append(float(losses["loss"].detach()))
    assert {*PhotoRecipe.model_fields} >= losses.keys() - {"loss"}
    assert cells.shape == (2, 12, network.depth, 16, 16)
    assert history[-1] < 0.95 * history[0]


def test_identity_pairs_keep_their_colors() -> None:
    pairs = draw(dataset(), SMALL.model_copy(update={"batch": 8}), torch.Generator().manual_seed(3))
    mirrored = [torch.equal(s, c.flip(-1)) for s, c in zip(pairs.styles, pairs.contents, strict=True)]
    assert mirrored == [bool(flag) for flag in pairs.same]
    assert 0 < sum(mirrored) < 8


def test_order_of_brightness() -> None:
    ramp = torch.linspace(0, 1, 16).expand(2, 3, 4, 16)
    generator = torch.Generator().manual_seed(0)
    assert torch.equal(order_loss(0.2 + 0.5 * ramp, ramp, generator), torch.zeros(2))
    turned = torch.cat([1 - ramp[:1], ramp[:1]])
    lost = order_loss(turned, ramp, generator)
    # A ramp turned round: the mean absolute difference of two random places of it, 1/3 of 64 places or so.
    assert 0.25 < float(lost[0]) < 0.4
    assert float(lost[1]) == 0


def test_order_loss_gradient_reduces_it() -> None:
    ramp = torch.linspace(0, 1, 16).expand(1, 3, 4, 16)
    tones = (1 - ramp).clone().requires_grad_(True)
    loss = order_loss(tones, ramp, torch.Generator().manual_seed(0)).sum()
    (gradient,) = torch.autograd.grad(loss, tones)
    after = order_loss(tones.detach() - 0.5 * gradient, ramp, torch.Generator().manual_seed(0)).sum()
    assert float(after) < float(loss.detach())


def test_smoothness_of_the_grid() -> None:
    cells = torch.zeros(1, 12, 8, 16, 16)
    assert float(grid_smoothness(cells + 3.0)) == 0
    cells[..., 8:] = 1.0  # one step of height one between 15 pairs of columns
    assert float(grid_smoothness(cells)) == pytest.approx(1 / 15)


def test_resumed_training_equals_uninterrupted_training(tmp_path: Path) -> None:
    straight = prepare(SMALL, dataset(), tmp_path / "a", ())
    straight.train()
    first = prepare(SMALL, dataset(), tmp_path / "b", ())
    for _ in range(2):
        first.advance()
    first.save()
    second = prepare(SMALL, dataset(), tmp_path / "b", ())
    assert second.resume()
    second.train()
    state: dict[str, Tensor] = second.module.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in straight.module.state_dict().items())
    assert (tmp_path / "b" / "samples" / "000004.png").exists()

    network = averaged_network(SMALL, straight.checkpoint)
    export(SMALL, network, tmp_path / "photo.safetensors")
    loaded = load(tmp_path / "photo.safetensors")
    assert isinstance(loaded, PhotoNet)
    # What training computes is what a user gets.
    pairs = draw(dataset(), SMALL.model_copy(update={"partial_share": 0.0}), torch.Generator().manual_seed(4))
    stylized, _ = stylize_with_grid(network, pairs)
    style_target = StyleTarget(loaded.encode(pairs.styles[:1]))
    torch.testing.assert_close(stylized[:1], loaded.stylize(pairs.contents[:1], style_target))


def test_palette_distance() -> None:
    picture = torch.rand(1, 3, 40, 50, generator=torch.Generator().manual_seed(0))
    assert palette_distance(picture, picture.flip(-1)) < 1e-6
    # Colors that a constant was added to: its square over the target's mean square, whatever the direction.
    moved = palette_distance(picture + 0.2, picture)
    assert moved == pytest.approx(0.04 / float(picture.square().mean()), rel=0.25)
