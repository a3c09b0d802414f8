"""Marks on what an engine paints: the same in tiles and in one piece, in regions, and none on one's own."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bottega.layers.blocks import blocks_to_picture, picture_to_blocks
from bottega.transfer.feedforward import Manner, MicroNet, OnePass, StyleCode, one_pass
from bottega.transfer.feedforward.tiling import MicroPainter
from bottega.transfer.texture import lay_magnified
from tests.transfer.feedforward.conftest import as_bytes, halves, picture

LEVEL = 1 / 255


def made(network: MicroNet) -> OnePass:
    return one_pass(network, engine="torch", precision="fp32", device="cpu", threads=1)


def apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())


def of_bytes(painter: OnePass, content: Tensor, manner: Manner) -> Tensor:
    return torch.from_numpy(painter.paint_bytes(as_bytes(content), manner)).permute(2, 0, 1)[None] / 255


@pytest.fixture
def marked(micro: MicroNet) -> list[StyleCode]:
    return [made(micro).encode(0.2 + 0.5 * picture(96, 120, seed)) for seed in (11, 12)]


def test_they_change_the_picture_by_as_much_as_is_asked(micro: MicroNet, marked: list[StyleCode]) -> None:
    content, painter = picture(112, 133, 5), made(micro)
    none, some, all_ = (painter.paint(content, Manner(marked[0], marks=share)) for share in (0, 0.2, 1))
    assert apart(none, micro.stylize(content, Manner(marked[0]))) < 0.2 * LEVEL
    assert apart(all_, none) > 0.05
    assert float((some - none).abs().mean()) < float((all_ - none).abs().mean())


def test_bytes_are_the_floats(micro: MicroNet, marked: list[StyleCode]) -> None:
    content, painter, manner = picture(112, 133, 5), made(micro), Manner(marked[0])
    assert apart(of_bytes(painter, content, manner), painter.paint(content, manner)) < 1.01 * LEVEL


def test_tiled_equals_whole(micro: MicroNet, marked: list[StyleCode]) -> None:
    content, manner = picture(330, 403, 7), Manner(marked[0])
    whole, tiles = made(micro), made(micro)
    assert isinstance(tiles._painter, MicroPainter)
    tiles._painter.whole, tiles._painter.tile = 0, 128
    assert apart(tiles.paint(content, manner), whole.paint(content, manner)) < 0.2 * LEVEL
    assert apart(of_bytes(tiles, content, manner), of_bytes(whole, content, manner)) < 1.01 * LEVEL


@pytest.mark.parametrize("times", [2, 4])
def test_larger_ones_too(micro: MicroNet, marked: list[StyleCode], times: int) -> None:
    content, manner = picture(304, 700, 14), Manner(marked[0], magnified=times)
    whole, tiles = made(micro), made(micro)
    assert isinstance(tiles._painter, MicroPainter)
    tiles._painter.whole, tiles._painter.tile = 0, 128
    assert apart(tiles.paint(content, manner), whole.paint(content, manner)) < 0.2 * LEVEL
    even = torch.full((1, 3, 256, 256), 0.5)
    blocks = picture_to_blocks(even).contiguous()
    changes = [
        blocks_to_picture(
            lay_magnified(blocks.clone(), blocks[..., :3], marked[0].marks, 1.0, 1.0, (0, 0), each)
        )
        for each in (1, times)
    ]
    fine, coarse = (float(each.diff(dim=3).abs().mean() / each.std()) for each in changes)
    assert coarse < 0.7 * fine


def test_each_region_has_its_own(micro: MicroNet, marked: list[StyleCode]) -> None:
    content, painter = picture(96, 200, 6), made(micro)
    manners = halves([marked[0], None, marked[1]], 96, 200)
    painted = painter.paint(content, manners)
    assert apart(painted[..., 99:101], content[..., 99:101]) < 0.02  # left alone, but for the soft edges
    for number, columns in ((0, slice(0, 8)), (2, slice(-8, None))):
        own = halves([None] * 3, 96, 200)
        own[number] = manners[number]
        assert apart(painter.paint(content, own)[..., columns], painted[..., columns]) < 0.1


def test_a_picture_that_is_its_own_style_stays(micro: MicroNet) -> None:
    content, painter = picture(96, 120, 8), made(micro)
    assert apart(painter.paint(content, Manner(painter.encode(content))), content) < LEVEL


def test_strength_zero_leaves_the_picture(micro: MicroNet, marked: list[StyleCode]) -> None:
    content = picture(64, 80, 9)
    assert apart(made(micro).paint(content, Manner(marked[0], 0.0)), content) < 1e-6


def test_colours_and_contrast_stay_the_style_s(micro: MicroNet, marked: list[StyleCode]) -> None:
    """What marks add to the spread of colours is taken from the picture's tones first."""
    painted = made(micro).paint(picture(256, 256, 10), Manner(marked[0]))
    spread = marked[0].colors.covariance[0].diagonal().sqrt()
    assert torch.allclose(painted.std((0, 2, 3)).double(), spread.double(), rtol=0.15)


def test_an_anchor_moves_them_along(micro: MicroNet, marked: list[StyleCode]) -> None:
    """On an even picture nothing else tells where a frame is; whole strides of the trunk change nothing."""
    even, painter = torch.full((1, 3, 256, 320), 0.5), made(micro)
    even[..., :8, :] = 0.2  # not one colour alone, which has no spread to move
    one = painter.paint(even, Manner(marked[0], marks=1.0))
    other = painter.paint(even, Manner(marked[0], marks=1.0, anchor=(16, 48)))
    inside = slice(100, -100)
    moved = apart(one[..., 116:172, 148:220], other[..., 100:156, 100:172])
    assert moved < 0.1 * apart(one[..., inside, inside], other[..., inside, inside])
