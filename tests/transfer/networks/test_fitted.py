"""The micro network with one style built in."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from bottega.errors import PictureError
from bottega.transfer.networks import FittedNet, Manner, MicroNet, load, save


def base() -> MicroNet:
    torch.manual_seed(0)
    network = MicroNet(fine=6, coarse=8, blocks=1, deep_blocks=1).eval()
    nn.init.normal_(network.head.weight, std=0.03)  # an untrained one adds nothing
    return network


def picture(seed: int, height: int = 40, width: int = 56) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_it_starts_as_what_the_base_paints() -> None:
    network, style, content = base(), picture(1).square(), picture(2)
    fitted = FittedNet.of(network, style).eval()
    with torch.no_grad():
        expected = network.stylize(content, Manner(network.encode(style)))
        assert float((expected - content).abs().mean()) > 0.02
        torch.testing.assert_close(fitted(content), expected, atol=1e-4, rtol=0)


def test_its_code_paints_regions_and_less_strength() -> None:
    fitted, content = FittedNet.of(base(), picture(1).square()).eval(), picture(2)
    with torch.no_grad():
        whole = fitted(content)
        torch.testing.assert_close(
            fitted.network.stylize(content, Manner(fitted.code)), whole, atol=1e-5, rtol=0
        )
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
