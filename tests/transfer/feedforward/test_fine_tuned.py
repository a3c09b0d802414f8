"""The micro network with one style built in."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from bottega.errors import PictureError
from bottega.transfer.feedforward import FittedNet, Manner, MicroNet, load, one_pass, save
from tests.transfer.feedforward.conftest import picture as soft_picture


def base() -> MicroNet:
    torch.manual_seed(0)
    network = MicroNet(fine=6, coarse=8, blocks=1, deep_blocks=1).eval()
    nn.init.normal_(network.head.weight, std=0.03)  # an untrained one adds nothing
    return network


def picture(seed: int, height: int = 40, width: int = 56) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_it_starts_about_where_the_base_paints_with_marks() -> None:
    """Not exactly: one factor stands for two, and the style is kept in bytes."""
    network, style, content = base(), 0.7 * soft_picture(96, 96, 1), soft_picture(96, 96, 2)
    fitted = FittedNet.of(network, style).eval()
    painter = one_pass(network, engine="torch", precision="fp32", device="cpu", threads=1)
    with torch.no_grad():
        expected = painter.paint(content, Manner(painter.encode(style)))
        assert float((expected - content).abs().mean()) > 0.05
        assert float((fitted(content) - expected).abs().mean()) < 0.015


def test_it_paints_on_what_is_shown() -> None:
    fitted, content = FittedNet.of(base(), picture(1).square()).eval(), picture(2)
    torch.nn.init.zeros_(fitted.network.head.weight)
    torch.nn.init.zeros_(fitted.network.head.bias)
    with torch.no_grad():
        shown = fitted.shown(content)
        assert float((shown - content).abs().mean()) > 0.02
        # Nothing is drawn now, but fine detail still moves.
        assert float((fitted(content) - shown).abs().mean()) < 0.05


def test_one_that_was_fitted_before_there_were_marks_has_none() -> None:
    old = FittedNet(**base().configuration)
    assert old.marks == ()
    assert old.configuration == base().configuration
    assert "style" not in old.state_dict()


def test_its_code_paints_regions_and_less_strength() -> None:
    fitted, content = FittedNet.of(base(), picture(1).square()).eval(), picture(2)
    with torch.no_grad():
        untouched = fitted.network.stylize(content, Manner(fitted.code, strength=0.0))
        left = torch.zeros(1, 1, 40, 56)
        left[..., :28] = 1
        manners = [Manner(fitted.code, mask=left), Manner(None, mask=1 - left)]
        half = fitted.network.stylize(content, manners)
    assert torch.equal(untouched, content)
    assert torch.equal(half[..., 28:], content[..., 28:])
    assert float((half - content)[..., :28].abs().mean()) > 0.01


def test_everything_but_the_palette_learns() -> None:
    fitted = FittedNet.of(base(), picture(1)).train()
    fitted.requires_grad_(True)
    loss = fitted(torch.cat([picture(2), picture(3)])).square().mean()
    torch.autograd.backward(loss)
    silent = [
        name for name, p in fitted.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)
    ]
    # A bias before a site whose mean is moved all the way has no effect.
    assert all(name.endswith(".bias") for name in silent), silent
    assert not fitted.get_buffer("color_mean").requires_grad


def test_file(tmp_path: Path) -> None:
    fitted, content = FittedNet.of(base(), picture(1)).eval(), picture(2)
    save(fitted, tmp_path / "x.safetensors", {"style": "x"})
    again = load(tmp_path / "x.safetensors")
    assert isinstance(again, FittedNet)
    with torch.no_grad():
        assert torch.equal(again(content), fitted(content))
    with pytest.raises(PictureError, match="content"):
        fitted(content[0])
