"""Texture in the engine: equal in tiles and whole, by regions, and none for an image in its own style."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bottega.layers.blocks import blocks_to_picture, picture_to_blocks
from bottega.transfer.feedforward import MicroNet, StyleCode, StyleEngine, StyleTarget, load_style_engine
from bottega.transfer.feedforward.tiling import TiledRunner
from bottega.transfer.texture.synthesis import synthesize_texture
from tests.transfer.feedforward.conftest import as_bytes, halves, picture

LEVEL = 1 / 255


def make_engine(network: MicroNet) -> StyleEngine:
    return load_style_engine(network, engine="torch", precision="fp32", device="cpu", threads=1)


def max_difference(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())


def of_bytes(engine: StyleEngine, content: Tensor, target: StyleTarget) -> Tensor:
    return torch.from_numpy(engine.stylize_bytes(as_bytes(content), target)).permute(2, 0, 1)[None] / 255


@pytest.fixture
def textured(micro: MicroNet) -> list[StyleCode]:
    return [make_engine(micro).encode(0.2 + 0.5 * picture(96, 120, seed)) for seed in (11, 12)]


def test_amount(micro: MicroNet, textured: list[StyleCode]) -> None:
    content, engine = picture(112, 133, 5), make_engine(micro)
    none, some, all_ = (
        engine.stylize(content, StyleTarget(textured[0], texture_amount=share)) for share in (0, 0.2, 1)
    )
    assert max_difference(none, micro.stylize(content, StyleTarget(textured[0]))) < 0.2 * LEVEL
    assert max_difference(all_, none) > 0.05
    assert float((some - none).abs().mean()) < float((all_ - none).abs().mean())


def test_bytes_equal_floats(micro: MicroNet, textured: list[StyleCode]) -> None:
    content, engine, target = picture(112, 133, 5), make_engine(micro), StyleTarget(textured[0])
    assert max_difference(of_bytes(engine, content, target), engine.stylize(content, target)) < 1.01 * LEVEL


def test_tiled_equals_whole(micro: MicroNet, textured: list[StyleCode]) -> None:
    content, target = picture(330, 403, 7), StyleTarget(textured[0])
    whole, tiles = make_engine(micro), make_engine(micro)
    assert isinstance(tiles._runner, TiledRunner)
    tiles._runner.max_untiled_pixels, tiles._runner.tile_size = 0, 128
    assert max_difference(tiles.stylize(content, target), whole.stylize(content, target)) < 0.2 * LEVEL
    assert max_difference(of_bytes(tiles, content, target), of_bytes(whole, content, target)) < 1.01 * LEVEL


@pytest.mark.parametrize("times", [2, 4])
def test_texture_scale(micro: MicroNet, textured: list[StyleCode], times: int) -> None:
    content, target = picture(304, 700, 14), StyleTarget(textured[0], texture_scale=times)
    whole, tiles = make_engine(micro), make_engine(micro)
    assert isinstance(tiles._runner, TiledRunner)
    tiles._runner.max_untiled_pixels, tiles._runner.tile_size = 0, 128
    assert max_difference(tiles.stylize(content, target), whole.stylize(content, target)) < 0.2 * LEVEL
    even = torch.full((1, 3, 256, 256), 0.5)
    blocks = picture_to_blocks(even).contiguous()
    changes = [
        blocks_to_picture(
            synthesize_texture(blocks.clone(), blocks[..., :3], textured[0].texture, 1.0, 1.0, (0, 0), each)
        )
        for each in (1, times)
    ]
    fine, coarse = (float(each.diff(dim=3).abs().mean() / each.std()) for each in changes)
    assert coarse < 0.7 * fine


def test_regions_have_their_own_texture(micro: MicroNet, textured: list[StyleCode]) -> None:
    content, engine = picture(96, 200, 6), make_engine(micro)
    targets = halves([textured[0], None, textured[1]], 96, 200)
    stylized = engine.stylize(content, targets)
    assert (
        max_difference(stylized[..., 99:101], content[..., 99:101]) < 0.02
    )  # left alone, but for the soft edges
    for number, columns in ((0, slice(0, 8)), (2, slice(-8, None))):
        own = halves([None] * 3, 96, 200)
        own[number] = targets[number]
        assert max_difference(engine.stylize(content, own)[..., columns], stylized[..., columns]) < 0.1


def test_image_in_its_own_style_is_unchanged(micro: MicroNet) -> None:
    content, engine = picture(96, 120, 8), make_engine(micro)
    assert max_difference(engine.stylize(content, StyleTarget(engine.encode(content))), content) < LEVEL


def test_strength_zero(micro: MicroNet, textured: list[StyleCode]) -> None:
    content = picture(64, 80, 9)
    assert max_difference(make_engine(micro).stylize(content, StyleTarget(textured[0], 0.0)), content) < 1e-6


def test_variance_of_colors_stays_the_style_s(micro: MicroNet, textured: list[StyleCode]) -> None:
    """The variance that texture adds is subtracted from the colors first."""
    stylized = make_engine(micro).stylize(picture(256, 256, 10), StyleTarget(textured[0]))
    spread = textured[0].colors.covariance[0].diagonal().sqrt()
    assert torch.allclose(stylized.std((0, 2, 3)).double(), spread.double(), rtol=0.15)


def test_offset_moves_the_texture(micro: MicroNet, textured: list[StyleCode]) -> None:
    """On a flat image nothing else depends on position, except for the trunk's strides."""
    even, engine = torch.full((1, 3, 256, 320), 0.5), make_engine(micro)
    even[..., :8, :] = 0.2  # not one color alone, which has no spread to move
    one = engine.stylize(even, StyleTarget(textured[0], texture_amount=1.0))
    other = engine.stylize(even, StyleTarget(textured[0], texture_amount=1.0, texture_offset=(16, 48)))
    inside = slice(100, -100)
    difference = max_difference(one[..., 116:172, 148:220], other[..., 100:156, 100:172])
    assert difference < 0.1 * max_difference(one[..., inside, inside], other[..., inside, inside])
