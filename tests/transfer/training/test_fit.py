"""Training on given styles, at tiny size: losses fall, stopping changes nothing, wrong bases are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from bottega import encoders
from bottega.encoders import Encoder
from bottega.errors import SettingsError, WeightsError
from bottega.training import PictureSet
from bottega.transfer.feedforward import FittedNet, MicroNet, MultiStyleNet, TransformerNet, save
from bottega.transfer.training.fit import Photographs, prepare, take_best
from bottega.transfer.training.settings import ManyStyles, OneStyle
from bottega.transfer.training.tasks import Goal, many_styles, nearest_style, one_more_style, one_style

TINY = {"size": 32, "batch": 2, "style_size": 64, "steps": 4}


@pytest.fixture(autouse=True)
def plain_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_PRECISION", "fp32")
    monkeypatch.setenv("BOTTEGA_DEVICE", "cpu")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return encoders.load("small")


@pytest.fixture
def micro(tmp_path: Path) -> str:
    torch.manual_seed(0)
    save(MicroNet(fine=8, coarse=8, blocks=1, deep_blocks=0), tmp_path / "micro.safetensors")
    return str(tmp_path / "micro.safetensors")


def styles() -> list[Tensor]:
    stripes = (torch.arange(64) % 8 < 4).float().expand(1, 3, 64, 64).clone()
    stripes[:, 2] = 0.2
    return [stripes, 1 - 0.6 * stripes.mT]


def learned() -> Photographs:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(3, 3, 5, 6, generator=generator)
    soft = torch.nn.functional.interpolate(coarse, (50, 60), mode="bicubic").clamp(0, 1)
    pictures = PictureSet([(p * 255).to(torch.uint8) for p in soft], [Path(f"{n}.png") for n in range(3)])
    return Photographs(pictures, pictures, own=True)


def small_goal(kind: str, micro: str, **changes: object) -> tuple[Goal, OneStyle | ManyStyles]:
    if kind == "multi":
        many = ManyStyles(width=4, blocks=1, **{**TINY, **changes})
        return many_styles(many, ["one", "two"], styles()), many
    base = micro if kind == "micro" else ""
    one = OneStyle(network=kind, base=base, width=4, **{**TINY, **changes})
    return one_style(one, styles()[0]), one


@pytest.mark.parametrize("kind", ["micro", "fast", "multi"])
def test_losses_fall(kind: str, micro: str, encoder: Encoder, tmp_path: Path) -> None:
    goal, settings = small_goal(kind, micro, steps=25, rate=3e-3)
    loop = prepare(settings, goal, encoder, learned(), tmp_path / "run")
    assert loop.validation is not None
    with torch.no_grad():
        before = loop.validation.compute()["loss"]
    assert loop.train() == "finished"
    with loop.averaged_weights():
        after = loop.validation.compute()
    assert set(after) == {"loss", "content", "style", "smoothness"}
    # The micro network starts at the colour transfer, which is half the way.
    assert after["loss"] < (0.998 if kind == "micro" else 0.97) * before
    assert take_best(loop) == {"step": 25, "loss": round(after["loss"], 4)}
    assert not goal.network.training


def test_straight_is_stopped_and_resumed(micro: str, encoder: Encoder, tmp_path: Path) -> None:
    goal, settings = small_goal("micro", micro)
    straight = prepare(settings, goal, encoder, learned(), tmp_path / "a")
    straight.train()
    first = prepare(settings, small_goal("micro", micro)[0], encoder, learned(), tmp_path / "b")
    for _ in range(2):
        first.advance()
    first.save()
    second = prepare(settings, small_goal("micro", micro)[0], encoder, learned(), tmp_path / "b")
    assert second.resume()
    second.train()
    for one, other in (
        (straight.module.state_dict(), second.module.state_dict()),
        (straight.ema.state, second.ema.state),
    ):
        assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_by_time_it_ends_in_time(
    micro: str, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTTEGA_PRECISION", "bf16")
    goal, settings = small_goal("micro", micro, steps=0, minutes=1 / 60)
    loop = prepare(settings, goal, encoder, learned(), tmp_path)
    assert loop.train() == "finished"
    assert loop.global_step > 1
    assert loop.optimizer_step.optimizers["model"].param_groups[0]["lr"] < 1e-3


def test_one_more_style_leaves_the_others(encoder: Encoder, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = MultiStyleNet(["one", "two"], width=4, blocks=1)
    content = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        before = [network(content, network.style_vector({name: 1.0})) for name in ("one", "two")]
    settings = ManyStyles(**{**TINY, "rate": 1e-2})
    goal = one_more_style(network, "three", styles()[0], "two")
    with torch.no_grad():
        start = network(content, network.style_vector({"three": 1.0}))
        assert torch.allclose(start, before[1], atol=1e-5)
        assert torch.equal(goal.paint(content, torch.zeros(1, dtype=torch.long)), start)
    kept = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    prepare(settings, goal, encoder, learned(), tmp_path).train()
    network.eval()
    for name, tensor in network.state_dict().items():
        old = slice(2) if name.startswith("norms") else slice(None)
        assert torch.equal(tensor[old], kept[name][old])
    with torch.no_grad():
        after = [network(content, network.style_vector({name: 1.0})) for name in ("one", "two")]
        new = network(content, network.style_vector({"three": 1.0}))
    # Another memory format rounds otherwise.
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(before, after, strict=True))
    assert float((new - start).abs().mean()) > 1e-3
    with pytest.raises(SettingsError, match="name of its own"):
        one_more_style(network, "two", styles()[0], "one")


def test_the_nearest_style_is_found(encoder: Encoder) -> None:
    torch.manual_seed(2)
    network = MultiStyleNet(["one", "two", "three"], width=4, blocks=1)
    with torch.no_grad():
        for norm in network.norms:
            norm.gain[1] *= 1.7
            norm.gain[2] *= 0.5
    contents = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        painted = network(contents[:1], network.style_vector({"two": 1.0}))
    assert nearest_style(network, encoder, painted, contents, ManyStyles()) == "two"


def test_a_fast_network_starts_from_one_of_several_styles(tmp_path: Path) -> None:
    several = MultiStyleNet(["one", "two"], width=4, blocks=1)
    with torch.no_grad():
        several.norms[0].gain.copy_(torch.tensor([[1.0], [3.0]]).expand(2, 4))
    save(several, tmp_path / "multi.safetensors")
    network = one_style(
        OneStyle(network="fast", base=str(tmp_path / "multi.safetensors")), styles()[0]
    ).network
    assert isinstance(network, TransformerNet)
    assert torch.equal(network.norms[0].gain, torch.full((4,), 2.0))
    assert torch.equal(network.convolutions[0].weight, several.convolutions[0].weight)
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_a_base_of_another_kind_is_refused(micro: str, tmp_path: Path) -> None:
    save(TransformerNet(width=2, blocks=0), tmp_path / "fast.safetensors")
    with pytest.raises(WeightsError, match="is no micro network"):
        one_style(OneStyle(network="micro", base=str(tmp_path / "fast.safetensors")), styles()[0])
    with pytest.raises(WeightsError, match="neither a fast nor a multi"):
        one_style(OneStyle(network="fast", base=micro), styles()[0])
    assert isinstance(one_style(OneStyle(network="micro", base=micro), styles()[0]).network, FittedNet)
