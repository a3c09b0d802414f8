"""The recipe of the adjustment network, at tiny size."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bottega.personalize import (
    ATTRIBUTES,
    VECTOR_SIZE,
    AdjustmentNet,
    load_adjustment_net,
    save_adjustment_net,
)
from bottega.personalize.adjust.pipeline import AdjustmentState
from bottega.training import PictureSet
from recipes.adjust import train
from recipes.adjust.config import AdjustRecipe
from recipes.adjust.data import random_batch, random_mask
from recipes.adjust.train import averaged, build, prepare, step_losses

SMALL = AdjustRecipe(width=8, blocks=1, batch=1, steps=2, network_steps=1)


@pytest.fixture(autouse=True)
def no_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "sample_drawer", lambda network: lambda generator: torch.zeros(1, 3, 8, 8))
    monkeypatch.setenv("BOTTEGA_PRECISION", "fp32")
    monkeypatch.setenv("BOTTEGA_DEVICE", "cpu")


def pictures() -> PictureSet:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 3, 12, 14, generator=generator)
    large = torch.nn.functional.interpolate(coarse, (200, 230), mode="bicubic").clamp(0, 1)
    return PictureSet(list((large * 255).to(torch.uint8)), [Path("a"), Path("b")])


def test_masks_request_all_one_or_some_attributes() -> None:
    generator = torch.Generator().manual_seed(1)
    counts = []
    for _ in range(200):
        mask = random_mask(SMALL, generator)
        assert mask.shape == (VECTOR_SIZE,)
        requested = [bool(mask[a.columns].all()) for a in ATTRIBUTES.values()]
        assert requested == [bool(mask[a.columns].any()) for a in ATTRIBUTES.values()]
        counts.append(sum(requested))
    assert 0.4 < sum(count == len(ATTRIBUTES) for count in counts) / 200 < 0.6
    assert 0.15 < sum(count == 1 for count in counts) / 200 < 0.35
    assert min(counts) == 1


def test_batches_are_drawn_from_the_generator_alone() -> None:
    first, second = (random_batch(pictures(), SMALL, torch.Generator().manual_seed(2)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one, other)
    assert first[0].shape == (1, 3, 192, 192)
    assert first[1].shape == first[2].shape == (1, VECTOR_SIZE)


def test_the_loss_falls_on_one_batch() -> None:
    network = build(SMALL)
    batch, requested, _ = random_batch(pictures(), SMALL, torch.Generator().manual_seed(3))
    state = AdjustmentState.initialize(batch, requested, torch.ones_like(requested, dtype=torch.bool))
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    losses_by_step = []
    for _ in range(8):
        losses = step_losses(network, state, 1)
        optimizer.zero_grad()
        torch.autograd.backward(losses["loss"])
        optimizer.step()
        losses_by_step.append(losses["loss"].item())
    assert losses_by_step[-1] < 0.95 * losses_by_step[0]


def test_it_trains_resumes_and_exports(tmp_path: Path) -> None:
    loop = prepare(SMALL, pictures(), tmp_path, callbacks=())
    assert loop.train() == "finished"
    again = prepare(SMALL, pictures(), tmp_path, callbacks=())
    assert again.resume()
    assert again.global_step == 2
    network = averaged(SMALL, loop.checkpoint)
    save_adjustment_net(network, tmp_path / "adjust.safetensors", {"recipe": SMALL.model_dump(mode="json")})
    loaded = load_adjustment_net(tmp_path / "adjust.safetensors")
    assert isinstance(loaded, AdjustmentNet)
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)
