"""Texture patches and their synthesis on another image."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from bottega.layers import ColorMoments
from bottega.layers.blocks import blocks_to_picture, picture_to_blocks
from bottega.transfer.texture.patches import (
    PATCH_BLOCKS,
    PATCH_COUNT,
    PATCH_GROUPS,
    TexturePatches,
    extract_texture_patches,
    mix_texture_patches,
    reserve_texture_variance,
    texture_gains,
)
from bottega.transfer.texture.synthesis import TEXTURE_RADIUS_PIXELS, _windows, synthesize_texture
from tests.transfer.feedforward.conftest import picture


def stripes(height: int, width: int, along: int) -> Tensor:
    """Gray with stripes of 6 pixels, across (3) or down (2) the picture: ``(1, 3, height, width)``."""
    places = torch.arange(width if along == 3 else height)
    wave = 0.5 + 0.25 * torch.sin(places * math.pi / 3)
    shape = [1, 1, 1, 1]
    shape[along] = -1
    return wave.view(shape).expand(1, 3, height, width).contiguous()


def add(content: Tensor, texture: list[TexturePatches], amount: float = 1.0, **more: object) -> Tensor:
    blocks = picture_to_blocks(content).contiguous()
    means = blocks.view(*blocks.shape[:2], -1, 3).mean(2)
    return blocks_to_picture(synthesize_texture(blocks, means, texture, amount, **more))  # type: ignore[arg-type]


def slopes(image: Tensor) -> tuple[float, float]:
    """Mean changes across and down."""
    return float(image.diff(dim=3).abs().mean()), float(image.diff(dim=2).abs().mean())


def test_patches_have_no_base_layer_and_the_documented_shapes() -> None:
    texture = extract_texture_patches(picture(130, 170, 1))
    assert texture.detail.shape == (32 * 42, 48)
    assert texture.width == 42
    assert texture.corners.shape == (PATCH_GROUPS, PATCH_COUNT // PATCH_GROUPS)
    assert texture.descriptors.shape == (PATCH_GROUPS, PATCH_COUNT // PATCH_GROUPS, 52)
    assert torch.equal(texture.descriptors, texture.descriptors.round())
    assert float(texture.detail.view(-1, 3).mean(0).abs().max()) < 0.01
    rows, columns = texture.corners // 42, texture.corners % 42
    assert int(rows.max()) <= 32 - PATCH_BLOCKS
    assert int(columns.max()) <= 42 - PATCH_BLOCKS


@pytest.mark.parametrize("size", [(1, 1), (5, 90), (63, 64), (1700, 70)])
def test_styles_of_any_size(size: tuple[int, int]) -> None:
    texture = extract_texture_patches(torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0)))
    assert torch.isfinite(add(picture(64, 64, 2), [texture])).all()


def test_flat_style_changes_nothing() -> None:
    content = picture(64, 96, 3)
    texture = extract_texture_patches(torch.full((1, 3, 100, 100), 0.3))
    assert texture.detail_std == pytest.approx(0, abs=1e-6)
    assert float((add(content, [texture]) - content).abs().max()) < 1e-5


def test_stripes_keep_their_direction_on_a_flat_image() -> None:
    even = torch.full((1, 3, 128, 128), 0.5)
    across, down = slopes(add(even, [extract_texture_patches(stripes(200, 200, 3))]))
    assert across > 0.08
    assert across > 5 * down
    across, down = slopes(add(even, [extract_texture_patches(stripes(200, 200, 2))]))
    assert down > 5 * across


def test_patches_match_in_brightness() -> None:
    """Dark parts of the style are striped across, light ones down; so are the content's then."""
    style = torch.cat([stripes(200, 200, 3) * 0.4, 0.6 + stripes(200, 200, 2) * 0.4], 3)
    content = torch.cat([torch.full((1, 3, 192, 192), 0.2), torch.full((1, 3, 192, 192), 0.8)], 3)
    stylized = add(content, [extract_texture_patches(style)])
    dark, light = slopes(stylized[..., 32:128]), slopes(stylized[..., 256:352])
    assert dark[0] > 3 * dark[1]
    assert light[1] > 3 * light[0]


def test_flat_area_gets_a_flat_patch() -> None:
    """Half of the style is busy, both halves have one mean color."""
    busy = picture(200, 200, 12)
    busy = 0.5 + 0.5 * (busy - busy.mean((2, 3), keepdim=True))
    style = torch.cat([torch.full((1, 3, 200, 200), 0.5), busy], 3)
    stylized = add(torch.full((1, 3, 128, 128), 0.5), [extract_texture_patches(style)])
    assert float(stylized.std()) < 0.2 * float(busy.std())


def test_blending_preserves_variance() -> None:
    window = _windows().square()
    assert torch.allclose(window.sum((0, 1)), torch.ones_like(window[0, 0]), atol=1e-5)
    grain = 0.5 + 0.2 * (torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(1)) - 0.5)
    stylized = add(torch.full((1, 3, 256, 256), 0.5), [extract_texture_patches(grain)])
    assert float(stylized.std()) == pytest.approx(float(grain.std()), rel=0.1)


def test_strong_edges_stay_free_of_texture() -> None:
    content = torch.full((1, 3, 128, 128), 0.2)
    content[..., 64:] = 0.8  # one strong edge
    stylized = add(content, [extract_texture_patches(stripes(200, 200, 2))])
    change = (stylized - content).abs().mean((0, 1, 2))
    assert float(change[62:66].mean()) < 0.3 * float(change[:40].mean())


def test_amount_scales_linearly() -> None:
    content, texture = 0.3 + 0.4 * picture(64, 64, 4), [extract_texture_patches(0.5 * picture(100, 100, 5))]
    full, half = add(content, texture), add(content, texture, 0.5)
    assert torch.allclose(half - content, (full - content) / 2, atol=1e-5)
    assert torch.equal(add(content, texture, 0.0), content)


def test_without_color_only_brightness_changes() -> None:
    gray = torch.full((1, 3, 64, 64), 0.5)
    change = add(gray, [extract_texture_patches(picture(128, 128, 6))], color=0.0) - gray
    assert float(change.abs().max()) > 0.05
    assert float((change - change.mean(1, keepdim=True)).abs().max()) < 1e-5


@pytest.mark.parametrize("corner", [(32, 64), (20, 12), (7, 130)])
def test_tile_gets_the_texture_of_the_whole(corner: tuple[int, int]) -> None:
    """Also where it begins between two blocks, on an even picture, which looks the same from there."""
    top, left = corner
    content = picture(256, 320, 7) if top % 4 == left % 4 == 0 else torch.full((1, 3, 256, 320), 0.4)
    texture = [extract_texture_patches(picture(200, 200, 8))]
    whole = add(content, texture)[..., top : top + 192, left : left + 160]
    tile = add(content[..., top : top + 192, left : left + 160].contiguous(), texture, corner=corner)
    inside = (
        ...,
        slice(TEXTURE_RADIUS_PIXELS, -TEXTURE_RADIUS_PIXELS),
        slice(TEXTURE_RADIUS_PIXELS, -TEXTURE_RADIUS_PIXELS),
    )
    assert float((whole - tile)[inside].abs().max()) < 1e-6


def test_mixture_has_the_variance_of_one_style_and_is_continuous() -> None:
    one, other = (extract_texture_patches(picture(128, 128, seed)) for seed in (9, 10))
    half = mix_texture_patches([(one,), (other,)], [0.5, 0.5])
    assert texture_gains(half) == pytest.approx([math.sqrt(0.5)] * 2)
    almost = texture_gains(mix_texture_patches([(one,), (other,)], [0.99, 0.01]))
    assert almost == pytest.approx([1, 0.01], abs=0.001)
    assert mix_texture_patches([(one,), (other,)], [1.0, 0.0]) == (one,)


def test_mask_selects_the_part_of_the_style() -> None:
    style = torch.cat([stripes(160, 160, 3), stripes(160, 160, 2)], 3)
    mask = torch.zeros(1, 1, 160, 320)
    mask[..., 160:] = 1
    across, down = slopes(add(torch.full((1, 3, 128, 128), 0.5), [extract_texture_patches(style, mask)]))
    assert down > 5 * across


def test_patches_are_reproducible() -> None:
    style = picture(100, 100, 11)
    assert torch.equal(extract_texture_patches(style).corners, extract_texture_patches(style).corners)


def test_statistics_count_only_the_mask() -> None:
    style = torch.cat([torch.full((1, 3, 200, 200), 0.5), picture(200, 200, 13)], 3)
    even = torch.zeros(1, 1, 200, 400)
    even[..., :150] = 1
    assert (
        extract_texture_patches(style, even).detail_std
        < 0.2 * extract_texture_patches(style, 1 - even).detail_std
    )
    assert float(extract_texture_patches(style, even).detail_covariance.trace()) < 0.1 * float(
        extract_texture_patches(style, 1 - even).detail_covariance.trace()
    )


@pytest.mark.parametrize("rows", [slice(0, 1), slice(0, 300), slice(2990, 3000)])
def test_mask_far_from_the_center_of_a_large_style(rows: slice) -> None:
    style, mask = 0.3 * torch.rand(1, 3, 3000, 70), torch.zeros(1, 1, 3000, 70)
    mask[:, :, rows] = 1
    content = picture(64, 64, 14)
    assert torch.isfinite(add(content, [extract_texture_patches(style, mask)])).all()


def test_mask_outside_the_crop_adds_nothing() -> None:
    style, mask = torch.rand(1, 3, 3400, 64), torch.zeros(1, 1, 3400, 64)
    mask[:, :, 0] = mask[:, :, -1] = 1
    content = picture(64, 64, 14)
    assert float((add(content, [extract_texture_patches(style, mask)]) - content).abs().max()) < 1e-5


def test_scaled_texture_on_narrow_images() -> None:
    even = torch.full((1, 3, 3488, 16), 0.5)
    blocks = picture_to_blocks(even).contiguous()
    texture = [extract_texture_patches(picture(200, 200, 15))]
    result = synthesize_texture(blocks.clone(), blocks[..., :3], texture, 1.0, scale=4)
    assert float((result - blocks).abs().mean()) > 0.02


def test_reserved_variance_of_a_covariance_that_rounding_made_negative() -> None:
    mean = torch.full((1, 3), 120 / 255, dtype=torch.float64)
    second = mean[:, :, None] * mean[:, None] - 3e-5 * torch.eye(3, dtype=torch.float64)
    colors = ColorMoments(torch.ones(1, 1, dtype=torch.float64), mean, second)
    texture = (extract_texture_patches(torch.full((1, 3, 64, 64), 120 / 255), None),)
    reserved = reserve_texture_variance(colors, texture, 1.0)
    assert bool(reserved.second.isfinite().all())
