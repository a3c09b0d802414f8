"""A style's own strokes on another picture: which are kept, which are chosen, and what they leave alone."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from bottega.layers.blocks import blocks_to_picture, picture_to_blocks
from bottega.transfer.texture import REACH, Marks, amplitudes, lay, lay_magnified, marks_of, mixed_marks
from bottega.transfer.texture.patches import GROUPS, PATCH, PATCHES
from bottega.transfer.texture.synthesis import _windows
from tests.transfer.feedforward.conftest import picture


def stripes(height: int, width: int, along: int) -> Tensor:
    """Gray with stripes of 6 pixels, across (3) or down (2) the picture: ``(1, 3, height, width)``."""
    places = torch.arange(width if along == 3 else height)
    wave = 0.5 + 0.25 * torch.sin(places * math.pi / 3)
    shape = [1, 1, 1, 1]
    shape[along] = -1
    return wave.view(shape).expand(1, 3, height, width).contiguous()


def laid(content: Tensor, marks: list[Marks], amount: float = 1.0, **more: object) -> Tensor:
    blocks = picture_to_blocks(content).contiguous()
    means = blocks.view(*blocks.shape[:2], -1, 3).mean(2)
    return blocks_to_picture(lay(blocks, means, marks, amount, **more))  # type: ignore[arg-type]


def slopes(seen: Tensor) -> tuple[float, float]:
    """Mean changes across and down."""
    return float(seen.diff(dim=3).abs().mean()), float(seen.diff(dim=2).abs().mean())


def test_what_is_kept_has_no_tones_and_the_stated_shapes() -> None:
    marks = marks_of(picture(130, 170, 1))
    assert marks.detail.shape == (32 * 42, 48)
    assert marks.width == 42
    assert marks.places.shape == (GROUPS, PATCHES // GROUPS)
    assert marks.looks.shape == (GROUPS, PATCHES // GROUPS, 52)
    assert torch.equal(marks.looks, marks.looks.round())
    assert float(marks.detail.view(-1, 3).mean(0).abs().max()) < 0.01
    rows, columns = marks.places // 42, marks.places % 42
    assert int(rows.max()) <= 32 - PATCH
    assert int(columns.max()) <= 42 - PATCH


@pytest.mark.parametrize("size", [(1, 1), (5, 90), (63, 64), (1700, 70)])
def test_styles_of_any_size_have_marks(size: tuple[int, int]) -> None:
    marks = marks_of(torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0)))
    assert torch.isfinite(laid(picture(64, 64, 2), [marks])).all()


def test_an_even_style_has_none_and_changes_nothing() -> None:
    content = picture(64, 96, 3)
    marks = marks_of(torch.full((1, 3, 100, 100), 0.3))
    assert marks.loudness == pytest.approx(0, abs=1e-6)
    assert float((laid(content, [marks]) - content).abs().max()) < 1e-5


def test_stripes_of_the_style_appear_on_an_even_picture_and_in_their_direction() -> None:
    even = torch.full((1, 3, 128, 128), 0.5)
    across, down = slopes(laid(even, [marks_of(stripes(200, 200, 3))]))
    assert across > 0.08
    assert across > 5 * down
    across, down = slopes(laid(even, [marks_of(stripes(200, 200, 2))]))
    assert down > 5 * across


def test_each_place_takes_what_shows_the_same_brightness() -> None:
    """Dark parts of the style are striped across, light ones down; so are the content's then."""
    style = torch.cat([stripes(200, 200, 3) * 0.4, 0.6 + stripes(200, 200, 2) * 0.4], 3)
    content = torch.cat([torch.full((1, 3, 192, 192), 0.2), torch.full((1, 3, 192, 192), 0.8)], 3)
    painted = laid(content, [marks_of(style)])
    dark, light = slopes(painted[..., 32:128]), slopes(painted[..., 256:352])
    assert dark[0] > 3 * dark[1]
    assert light[1] > 3 * light[0]


def test_an_even_place_takes_an_even_patch() -> None:
    """Half of the style is busy, both halves have one mean colour."""
    busy = picture(200, 200, 12)
    busy = 0.5 + 0.5 * (busy - busy.mean((2, 3), keepdim=True))
    style = torch.cat([torch.full((1, 3, 200, 200), 0.5), busy], 3)
    painted = laid(torch.full((1, 3, 128, 128), 0.5), [marks_of(style)])
    assert float(painted.std()) < 0.2 * float(busy.std())


def test_marks_keep_their_strength_where_patches_meet() -> None:
    window = _windows().square()
    assert torch.allclose(window.sum((0, 1)), torch.ones_like(window[0, 0]), atol=1e-5)
    grain = 0.5 + 0.2 * (torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(1)) - 0.5)
    painted = laid(torch.full((1, 3, 256, 256), 0.5), [marks_of(grain)])
    assert float(painted.std()) == pytest.approx(float(grain.std()), rel=0.1)


def test_the_drawing_stays_free_of_marks() -> None:
    content = torch.full((1, 3, 128, 128), 0.2)
    content[..., 64:] = 0.8  # one strong edge
    painted = laid(content, [marks_of(stripes(200, 200, 2))])
    change = (painted - content).abs().mean((0, 1, 2))
    assert float(change[62:66].mean()) < 0.3 * float(change[:40].mean())


def test_half_the_amount_is_half_the_way_and_none_is_none() -> None:
    content, marks = 0.3 + 0.4 * picture(64, 64, 4), [marks_of(0.5 * picture(100, 100, 5))]
    full, half = laid(content, marks), laid(content, marks, 0.5)
    assert torch.allclose(half - content, (full - content) / 2, atol=1e-5)
    assert torch.equal(laid(content, marks, 0.0), content)


def test_without_colour_only_light_and_dark_are_laid() -> None:
    gray = torch.full((1, 3, 64, 64), 0.5)
    change = laid(gray, [marks_of(picture(128, 128, 6))], color=0.0) - gray
    assert float(change.abs().max()) > 0.05
    assert float((change - change.mean(1, keepdim=True)).abs().max()) < 1e-5


@pytest.mark.parametrize("corner", [(32, 64), (20, 12), (7, 130)])
def test_a_tile_gets_the_marks_of_the_whole(corner: tuple[int, int]) -> None:
    """Also where it begins between two blocks, on an even picture, which looks the same from there."""
    top, left = corner
    content = picture(256, 320, 7) if top % 4 == left % 4 == 0 else torch.full((1, 3, 256, 320), 0.4)
    marks = [marks_of(picture(200, 200, 8))]
    whole = laid(content, marks)[..., top : top + 192, left : left + 160]
    tile = laid(content[..., top : top + 192, left : left + 160].contiguous(), marks, corner=corner)
    inside = (..., slice(REACH, -REACH), slice(REACH, -REACH))
    assert float((whole - tile)[inside].abs().max()) < 1e-6


def test_a_mixture_is_as_loud_as_one_style_and_continuous_at_its_ends() -> None:
    one, other = (marks_of(picture(128, 128, seed)) for seed in (9, 10))
    half = mixed_marks([(one,), (other,)], [0.5, 0.5])
    assert amplitudes(half) == pytest.approx([math.sqrt(0.5)] * 2)
    almost = amplitudes(mixed_marks([(one,), (other,)], [0.99, 0.01]))
    assert almost == pytest.approx([1, 0.01], abs=0.001)
    assert mixed_marks([(one,), (other,)], [1.0, 0.0]) == (one,)


def test_a_mask_says_which_part_marks_are_from() -> None:
    style = torch.cat([stripes(160, 160, 3), stripes(160, 160, 2)], 3)
    mask = torch.zeros(1, 1, 160, 320)
    mask[..., 160:] = 1
    across, down = slopes(laid(torch.full((1, 3, 128, 128), 0.5), [marks_of(style, mask)]))
    assert down > 5 * across


def test_the_same_seed_gives_the_same_marks() -> None:
    style = picture(100, 100, 11)
    assert torch.equal(marks_of(style).places, marks_of(style).places)
    assert not torch.equal(marks_of(style).places, marks_of(style, seed=1).places)


def test_only_what_is_inside_the_mask_says_how_loud_marks_are() -> None:
    style = torch.cat([torch.full((1, 3, 200, 200), 0.5), picture(200, 200, 13)], 3)
    even = torch.zeros(1, 1, 200, 400)
    even[..., :150] = 1
    assert marks_of(style, even).loudness < 0.2 * marks_of(style, 1 - even).loudness
    assert float(marks_of(style, even).spread.trace()) < 0.1 * float(marks_of(style, 1 - even).spread.trace())


@pytest.mark.parametrize("rows", [slice(0, 1), slice(0, 300), slice(2990, 3000)])
def test_a_mask_far_from_the_middle_of_a_large_style(rows: slice) -> None:
    style, mask = 0.3 * torch.rand(1, 3, 3000, 70), torch.zeros(1, 1, 3000, 70)
    mask[:, :, rows] = 1
    content = picture(64, 64, 14)
    assert torch.isfinite(laid(content, [marks_of(style, mask)])).all()


def test_a_mask_that_is_all_outside_lays_nothing() -> None:
    style, mask = torch.rand(1, 3, 3400, 64), torch.zeros(1, 1, 3400, 64)
    mask[:, :, 0] = mask[:, :, -1] = 1
    content = picture(64, 64, 14)
    assert float((laid(content, [marks_of(style, mask)]) - content).abs().max()) < 1e-5


def test_narrow_pictures_have_large_marks_too() -> None:
    even = torch.full((1, 3, 3488, 16), 0.5)
    blocks = picture_to_blocks(even).contiguous()
    marks = [marks_of(picture(200, 200, 15))]
    made = lay_magnified(blocks.clone(), blocks[..., :3], marks, 1.0, 1.0, (0, 0), 4)
    assert float((made - blocks).abs().mean()) > 0.02
