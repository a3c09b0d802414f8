"""Training of style networks at tiny size: losses fall, resuming changes nothing, wrong bases fail."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from bottega import encoders
from bottega.encoders import Encoder
from bottega.errors import SettingsError, WeightsError
from bottega.training import PictureSet
from bottega.transfer.feedforward import FineTunedNet, MicroNet, MultiStyleNet, TransformerNet, save
from bottega.transfer.training.fit import ContentPhotos, build_trainer, load_best_weights
from bottega.transfer.training.settings import MultiStyleSettings, SingleStyleSettings
from bottega.transfer.training.tasks import (
    TrainingTask,
    add_style_task,
    multi_style_task,
    nearest_style,
    single_style_task,
)

TINY = {"size": 32, "batch": 2, "style_size": 64, "steps": 4}


@pytest.fixture(autouse=True)
def plain_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_PRECISION", "fp32")
    monkeypatch.setenv("BOTTEGA_DEVICE", "cpu")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return encoders.load_encoder("small")


@pytest.fixture
def micro(tmp_path: Path) -> str:
    torch.manual_seed(0)
    save(MicroNet(fine=8, coarse=8, blocks=1, deep_blocks=0), tmp_path / "micro.safetensors")
    return str(tmp_path / "micro.safetensors")


def styles() -> list[Tensor]:
    stripes = (torch.arange(64) % 8 < 4).float().expand(1, 3, 64, 64).clone()
    stripes[:, 2] = 0.2
    return [stripes, 1 - 0.6 * stripes.mT]


def photos() -> ContentPhotos:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(3, 3, 5, 6, generator=generator)
    soft = torch.nn.functional.interpolate(coarse, (50, 60), mode="bicubic").clamp(0, 1)
    pictures = PictureSet([(p * 255).to(torch.uint8) for p in soft], [Path(f"{n}.png") for n in range(3)])
    return ContentPhotos(pictures, pictures, from_user=True)


def small_task(
    kind: str, micro: str, **changes: object
) -> tuple[TrainingTask, SingleStyleSettings | MultiStyleSettings]:
    if kind == "multi":
        multi = MultiStyleSettings(width=4, blocks=1, **{**TINY, **changes})
        return multi_style_task(multi, ["one", "two"], styles()), multi
    base = micro if kind == "micro" else ""
    single = SingleStyleSettings(network=kind, base=base, width=4, **{**TINY, **changes})
    return single_style_task(single, styles()[0]), single


@pytest.mark.parametrize("kind", ["micro", "fast", "multi"])
def test_losses_fall(kind: str, micro: str, encoder: Encoder, tmp_path: Path) -> None:
    task, settings = small_task(kind, micro, steps=25, rate=3e-3)
    trainer = build_trainer(settings, task, encoder, photos(), tmp_path / "run")
    assert trainer.validation is not None
    with torch.no_grad():
        before = trainer.validation.compute()["loss"]
    assert trainer.train() == "finished"
    with trainer.averaged_weights():
        after = trainer.validation.compute()
    assert set(after) == {"loss", "content", "style", "smoothness"}
    # The micro network starts at the color transfer, which has half the loss.
    assert after["loss"] < (0.998 if kind == "micro" else 0.97) * before
    assert load_best_weights(trainer) == {"step": 25, "loss": round(after["loss"], 4)}
    assert not task.network.training


def test_resumed_training_equals_uninterrupted(micro: str, encoder: Encoder, tmp_path: Path) -> None:
    task, settings = small_task("micro", micro)
    straight = build_trainer(settings, task, encoder, photos(), tmp_path / "a")
    straight.train()
    first = build_trainer(settings, small_task("micro", micro)[0], encoder, photos(), tmp_path / "b")
    for _ in range(2):
        first.advance()
    first.save()
    second = build_trainer(settings, small_task("micro", micro)[0], encoder, photos(), tmp_path / "b")
    assert second.resume()
    second.train()
    for one, other in (
        (straight.module.state_dict(), second.module.state_dict()),
        (straight.ema.state, second.ema.state),
    ):
        assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_training_ends_when_the_minutes_are_over(
    micro: str, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTTEGA_PRECISION", "bf16")
    task, settings = small_task("micro", micro, steps=0, minutes=1 / 60)
    trainer = build_trainer(settings, task, encoder, photos(), tmp_path)
    assert trainer.train() == "finished"
    assert trainer.global_step > 1
    assert trainer.optimizer_step.optimizers["model"].param_groups[0]["lr"] < 1e-3


def test_added_style_does_not_change_the_others(encoder: Encoder, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = MultiStyleNet(["one", "two"], width=4, blocks=1)
    content = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        before = [network(content, network.style_vector({name: 1.0})) for name in ("one", "two")]
    settings = MultiStyleSettings(**{**TINY, "rate": 1e-2})
    task = add_style_task(network, "three", styles()[0], "two")
    with torch.no_grad():
        start = network(content, network.style_vector({"three": 1.0}))
        assert torch.allclose(start, before[1], atol=1e-5)
        assert torch.equal(task.stylize(content, torch.zeros(1, dtype=torch.long)), start)
    original = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    build_trainer(settings, task, encoder, photos(), tmp_path).train()
    network.eval()
    for name, tensor in network.state_dict().items():
        old = slice(2) if name.startswith("norms") else slice(None)
        assert torch.equal(tensor[old], original[name][old])
    with torch.no_grad():
        after = [network(content, network.style_vector({name: 1.0})) for name in ("one", "two")]
        new = network(content, network.style_vector({"three": 1.0}))
    # Another memory format rounds differently.
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(before, after, strict=True))
    assert float((new - start).abs().mean()) > 1e-3
    with pytest.raises(SettingsError, match="name of its own"):
        add_style_task(network, "two", styles()[0], "one")


def test_nearest_style(encoder: Encoder) -> None:
    torch.manual_seed(2)
    network = MultiStyleNet(["one", "two", "three"], width=4, blocks=1)
    with torch.no_grad():
        for norm in network.norms:
            norm.gain[1] *= 1.7
            norm.gain[2] *= 0.5
    contents = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        output = network(contents[:1], network.style_vector({"two": 1.0}))
    assert nearest_style(network, encoder, output, contents, MultiStyleSettings()) == "two"


def test_fast_network_starts_from_a_multi_style_network(tmp_path: Path) -> None:
    multi = MultiStyleNet(["one", "two"], width=4, blocks=1)
    with torch.no_grad():
        multi.norms[0].gain.copy_(torch.tensor([[1.0], [3.0]]).expand(2, 4))
    save(multi, tmp_path / "multi.safetensors")
    network = single_style_task(
        SingleStyleSettings(network="fast", base=str(tmp_path / "multi.safetensors")), styles()[0]
    ).network
    assert isinstance(network, TransformerNet)
    assert torch.equal(network.norms[0].gain, torch.full((4,), 2.0))
    assert torch.equal(network.convolutions[0].weight, multi.convolutions[0].weight)
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_base_of_another_kind_is_rejected(micro: str, tmp_path: Path) -> None:
    save(TransformerNet(width=2, blocks=0), tmp_path / "fast.safetensors")
    with pytest.raises(WeightsError, match="not a micro network"):
        single_style_task(
            SingleStyleSettings(network="micro", base=str(tmp_path / "fast.safetensors")), styles()[0]
        )
    with pytest.raises(WeightsError, match="not a fast or a multi"):
        single_style_task(SingleStyleSettings(network="fast", base=micro), styles()[0])
    assert isinstance(
        single_style_task(SingleStyleSettings(network="micro", base=micro), styles()[0]).network, FineTunedNet
    )
