"""The recipe of the AdaIN decoder, at tiny size."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bottega.transfer.feedforward import AdaINNet, load
from recipes.adain import train
from recipes.adain.config import AdaINRecipe
from recipes.adain.train import build_network, build_trainer, decoder_losses, export, load_averaged_network
from recipes.micro.dataset import PairDataset

SMALL = AdaINRecipe(batch=2, size=32, steps=2)


@pytest.fixture(autouse=True)
def tiny_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    drawer = train.sample_drawer
    monkeypatch.setattr(train, "sample_drawer", lambda network: drawer(network, 48))
    monkeypatch.setenv("BOTTEGA_PRECISION", "fp32")
    monkeypatch.setenv("BOTTEGA_DEVICE", "cpu")


def dataset() -> PairDataset:
    generator = torch.Generator().manual_seed(0)
    grain = [torch.randint(256, (3, 50, 60), generator=generator, dtype=torch.uint8) for _ in range(2)]
    ramp = torch.linspace(0, 250, 60).to(torch.uint8).expand(3, 50, 60)
    return PairDataset([ramp, ramp.flip(-1) // 2], grain, ())


def test_losses_fall_on_one_batch() -> None:
    network = build_network(SMALL).train()
    pairs = dataset().draw(SMALL, torch.Generator().manual_seed(1))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    losses_so_far = []
    for _ in range(20):
        losses = decoder_losses(SMALL, network, pairs)
        optimizer.zero_grad()
        torch.autograd.backward(losses["loss"])
        optimizer.step()
        losses_so_far.append(float(losses["loss"].detach()))
    assert losses_so_far[-1] < 0.9 * losses_so_far[0]


def test_from_the_first_step_to_a_file(tmp_path: Path) -> None:
    trainer = build_trainer(SMALL, dataset(), tmp_path, ())
    assert trainer.train() == "finished"
    assert (tmp_path / "samples" / "000002.png").exists()
    network = load_averaged_network(SMALL, trainer.checkpoint)
    export(SMALL, network, tmp_path / "adain.safetensors")
    loaded = load(tmp_path / "adain.safetensors")
    assert isinstance(loaded, AdaINNet)
    pairs = dataset().draw(SMALL, torch.Generator().manual_seed(2))
    codes = [network.encode(pairs.styles)]
    torch.testing.assert_close(network(pairs.contents, codes), loaded(pairs.contents, codes))
