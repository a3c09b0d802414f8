"""The recipe of the adjustment network, at tiny size."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bottega.personalize import ATTRIBUTES, NUMBERS, AdjustmentNet, load, save
from bottega.personalize.steering import begin
from bottega.training import PictureSet
from recipes.adjust import train
from recipes.adjust.config import AdjustRecipe
from recipes.adjust.material import draw, drawn_mask
from recipes.adjust.train import averaged, build, prepare, rounds

SMALL = AdjustRecipe(width=8, blocks=1, batch=1, steps=2, rounds=1)


@pytest.fixture(autouse=True)
def no_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "sample_drawer", lambda network: lambda generator: torch.zeros(1, 3, 8, 8))
    monkeypatch.setenv("BOTTEGA_PRECISION", "fp32")
    monkeypatch.setenv("BOTTEGA_DEVICE", "cpu")


def material() -> PictureSet:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 3, 12, 14, generator=generator)
    large = torch.nn.functional.interpolate(coarse, (200, 230), mode="bicubic").clamp(0, 1)
    return PictureSet(list((large * 255).to(torch.uint8)), [Path("a"), Path("b")])


def test_masks_ask_for_all_for_one_or_for_some() -> None:
    generator = torch.Generator().manual_seed(1)
    counts = []
    for _ in range(200):
        mask = drawn_mask(SMALL, generator)
        assert mask.shape == (NUMBERS,)
        asked = [bool(mask[a.part].all()) for a in ATTRIBUTES.values()]
        assert asked == [bool(mask[a.part].any()) for a in ATTRIBUTES.values()]
        counts.append(sum(asked))
    assert 0.4 < sum(count == len(ATTRIBUTES) for count in counts) / 200 < 0.6
    assert 0.15 < sum(count == 1 for count in counts) / 200 < 0.35
    assert min(counts) == 1


def test_batches_are_drawn_from_the_generator_alone() -> None:
    ours, theirs = (draw(material(), SMALL, torch.Generator().manual_seed(2)) for _ in range(2))
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)
    assert ours[0].shape == (1, 3, 192, 192)
    assert ours[1].shape == ours[2].shape == (1, NUMBERS)


def test_the_shortfall_falls_on_one_batch() -> None:
    network = build(SMALL)
    shown, asked, _ = draw(material(), SMALL, torch.Generator().manual_seed(3))
    steering = begin(shown, asked, torch.ones_like(asked, dtype=torch.bool))
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    seen = []
    for _ in range(8):
        losses = rounds(network, steering, 1)
        optimizer.zero_grad()
        torch.autograd.backward(losses["loss"])
        optimizer.step()
        seen.append(losses["loss"].item())
    assert seen[-1] < 0.95 * seen[0]


def test_it_trains_resumes_and_exports(tmp_path: Path) -> None:
    loop = prepare(SMALL, material(), tmp_path, callbacks=())
    assert loop.train() == "finished"
    again = prepare(SMALL, material(), tmp_path, callbacks=())
    assert again.resume()
    assert again.global_step == 2
    network = averaged(SMALL, loop.checkpoint)
    save(network, tmp_path / "adjust.safetensors", {"recipe": SMALL.model_dump(mode="json")})
    found = load(tmp_path / "adjust.safetensors")
    assert isinstance(found, AdjustmentNet)
    for name, tensor in network.state_dict().items():
        assert torch.equal(found.state_dict()[name], tensor)
