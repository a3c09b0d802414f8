"""The micro network's size, and pictures that are painted in tiles."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.transfer.networks import (
    Manner,
    MicroNet,
    PhotoNet,
    TiledPicture,
    encode_tiled,
    measure_content,
    stylize_tiled,
)

STEP = 1 / 255


def small_network() -> MicroNet:
    torch.manual_seed(0)
    network = MicroNet(fine=6, coarse=6, blocks=1)
    torch.nn.init.normal_(network.head.weight, std=0.03)
    return network.eval().requires_grad_(False)


def picture(seed: int, height: int, width: int) -> Tensor:
    """Not alike everywhere, so that a tile's statistics are not the picture's."""
    generator = torch.Generator().manual_seed(seed)
    light = torch.linspace(0.1, 0.9, width)
    grain = torch.rand(1, 3, height, width, generator=generator) - 0.5
    return (light + light * grain).clamp(0, 1)


def test_parameters() -> None:
    count = sum(parameter.numel() for parameter in MicroNet().parameters())
    assert count == 315_936
    assert sum(MicroNet().channels) == sum(m.gain.numel() for m in MicroNet().modulations)
    with pytest.raises(SettingsError):
        MicroNet(fine=0)


def test_reach_is_enough_and_not_far_too_much() -> None:
    network = small_network()
    code = network.encode(picture(2, 64, 64))
    content = picture(1, 32, 624)
    manner, middle = Manner(code), 304
    known = measure_content(network, TiledPicture(32, 624, lambda box: box.of(content), 1024), [manner])
    poked = content.clone()
    poked[..., middle] = 1 - poked[..., middle]
    changed = (network.stylize(content, manner, known) - network.stylize(poked, manner, known)).abs()
    columns = changed.amax((0, 1, 2)).nonzero().flatten() - middle
    assert -network.reach <= int(columns.min())
    assert int(columns.max()) <= network.reach
    assert int(columns.max()) > network.reach // 3


@pytest.mark.parametrize("masked", [False, True])
def test_tiled_is_untiled(masked: bool) -> None:
    network = small_network()
    content = picture(1, 101, 215)
    code = network.encode(picture(2, 80, 90))
    manners = [Manner(code, 0.9)]
    if masked:
        ramp = torch.linspace(0, 1, 215).expand(1, 1, 101, 215)
        manners = [Manner(code, mask=ramp), Manner(None, mask=1 - ramp)]
    tiled = TiledPicture(101, 215, lambda box: box.of(content), tile=96)
    assert len(tiled.tiles(network)) == 2 * 3
    painted = torch.full_like(content, float("nan"))

    def write(box, core: Tensor) -> None:
        box.of(painted).copy_(core)

    stylize_tiled(network, tiled, manners, write)
    whole = network.stylize(content, manners)
    torch.testing.assert_close(painted, whole, rtol=0, atol=STEP)
    # The test would notice: each tile by its own statistics is another picture.
    alone = network.stylize(content[..., :64], [Manner(code, 0.9)])
    assert masked or float((alone - whole[..., :64]).abs().max()) > 5 * STEP


def test_statistics_of_tiles_are_those_of_the_picture() -> None:
    network = small_network()
    style = picture(2, 101, 215)
    whole = network.encode(style)
    tiled = encode_tiled(network, TiledPicture(101, 215, lambda box: box.of(style), tile=96))
    for one, other in zip(tiled.vectors(), whole.vectors(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(tiled.colors.mean.float(), whole.colors.mean)
    known = measure_content(
        network, TiledPicture(101, 215, lambda box: box.of(style), tile=96), [Manner(whole)]
    )
    # In its own style a picture is not moved, so its statistics are those of the style.
    for one, other in zip(known[0].vectors(), whole.vectors(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-3)


def test_frames_share_statistics() -> None:
    network = small_network()
    first, second = picture(1, 64, 64), picture(3, 64, 64)
    manner = Manner(network.encode(picture(2, 64, 64)))
    known = measure_content(network, TiledPicture(64, 64, lambda box: box.of(first)), [manner])
    torch.testing.assert_close(
        network.stylize(first, manner, known), network.stylize(first, manner), rtol=0, atol=STEP
    )
    assert bool(torch.isfinite(network.stylize(second, manner, known)).all())


def test_the_photo_network_has_no_tiles() -> None:
    network = PhotoNet(fine=4, coarse=4)
    with pytest.raises(SettingsError, match="PhotoNet looks at the whole picture"):
        TiledPicture(64, 64, lambda box: torch.zeros(1, 3, 64, 64)).tiles(network)
