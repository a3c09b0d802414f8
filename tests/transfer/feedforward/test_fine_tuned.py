"""The micro network fine-tuned for one style."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from bottega.errors import PictureError
from bottega.transfer.feedforward import FineTunedNet, MicroNet, StyleTarget, load, load_style_engine, save
from tests.transfer.feedforward.conftest import picture as soft_picture


def base() -> MicroNet:
    torch.manual_seed(0)
    network = MicroNet(fine=6, coarse=8, blocks=1, deep_blocks=1).eval()
    nn.init.normal_(network.head.weight, std=0.03)  # an untrained one adds nothing
    return network


def picture(seed: int, height: int = 40, width: int = 56) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_start_is_close_to_the_base_network_with_texture() -> None:
    """Not exactly: one factor replaces two, and the style is stored in bytes."""
    network, style, content = base(), 0.7 * soft_picture(96, 96, 1), soft_picture(96, 96, 2)
    tuned = FineTunedNet.from_style(network, style).eval()
    engine = load_style_engine(network, engine="torch", precision="fp32", device="cpu", threads=1)
    with torch.no_grad():
        expected = engine.stylize(content, StyleTarget(engine.encode(style)))
        assert float((expected - content).abs().mean()) > 0.05
        assert float((tuned(content) - expected).abs().mean()) < 0.015


def test_residual_is_added_to_the_textured_image() -> None:
    tuned, content = FineTunedNet.from_style(base(), picture(1).square()).eval(), picture(2)
    torch.nn.init.zeros_(tuned.network.head.weight)
    torch.nn.init.zeros_(tuned.network.head.bias)
    with torch.no_grad():
        textured = tuned.recolor_and_texture(content)
        assert float((textured - content).abs().mean()) > 0.02
        # The residual is zero, but fine detail still changes.
        assert float((tuned(content) - textured).abs().mean()) < 0.05


def test_code_supports_regions_and_strength() -> None:
    tuned, content = FineTunedNet.from_style(base(), picture(1).square()).eval(), picture(2)
    with torch.no_grad():
        untouched = tuned.network.stylize(content, StyleTarget(tuned.code, strength=0.0))
        left = torch.zeros(1, 1, 40, 56)
        left[..., :28] = 1
        targets = [StyleTarget(tuned.code, mask=left), StyleTarget(None, mask=1 - left)]
        half = tuned.network.stylize(content, targets)
    assert torch.equal(untouched, content)
    assert torch.equal(half[..., 28:], content[..., 28:])
    assert float((half - content)[..., :28].abs().mean()) > 0.01


def test_gradients_reach_everything_but_the_colors() -> None:
    tuned = FineTunedNet.from_style(base(), picture(1)).train()
    tuned.requires_grad_(True)
    loss = tuned(torch.cat([picture(2), picture(3)])).square().mean()
    torch.autograd.backward(loss)
    silent = [
        name for name, p in tuned.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)
    ]
    # A bias before a layer whose mean is replaced has no effect.
    assert all(name.endswith(".bias") for name in silent), silent
    assert not tuned.get_buffer("color_mean").requires_grad


def test_save_and_load(tmp_path: Path) -> None:
    tuned, content = FineTunedNet.from_style(base(), picture(1)).eval(), picture(2)
    save(tuned, tmp_path / "x.safetensors", {"style": "x"})
    again = load(tmp_path / "x.safetensors")
    assert isinstance(again, FineTunedNet)
    with torch.no_grad():
        assert torch.equal(again(content), tuned(content))
    with pytest.raises(PictureError, match="content"):
        tuned(content[0])
