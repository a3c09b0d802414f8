"""The micro network's size and receptive field."""

from __future__ import annotations

import pytest
import torch

from bottega.errors import SettingsError
from bottega.transfer.feedforward import MicroNet, StyleTarget, load_style_engine


def test_parameter_count() -> None:
    count = sum(parameter.numel() for parameter in MicroNet().parameters())
    assert count == 315_936
    assert sum(MicroNet().channels) == sum(m.gain.numel() for m in MicroNet().modulations)
    with pytest.raises(SettingsError):
        MicroNet(fine=0)


def test_reach_covers_the_receptive_field_and_little_more() -> None:
    torch.manual_seed(0)
    network = MicroNet(fine=6, coarse=6, blocks=1).eval().requires_grad_(False)
    torch.nn.init.normal_(network.head.weight, std=0.03)
    engine = load_style_engine(network, engine="torch", precision="fp32", device="cpu", threads=1)
    generator = torch.Generator().manual_seed(1)
    content, style = (torch.rand(1, 3, *size, generator=generator) for size in ((32, 624), (64, 64)))
    target, middle = StyleTarget(network.encode(style)), 304
    stats = engine.measure(content, target)
    changed_content = content.clone()
    changed_content[..., middle] = 1 - changed_content[..., middle]
    difference = engine.stylize(content, target, stats) - engine.stylize(changed_content, target, stats)
    columns = (difference.abs().amax((0, 1, 2)) > 1e-6).nonzero().flatten() - middle
    assert -network.reach <= int(columns.min())
    assert int(columns.max()) <= network.reach
    assert int(columns.max()) > network.reach // 3
