"""The adjustment: exact where nothing is asked, near where something is, and the same drawing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from bottega import pictures, weights
from bottega.errors import PictureError, SettingsError, WeightsError
from bottega.evaluate import edge_agreement
from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.personalize import (
    ATTRIBUTES,
    AdjustmentNet,
    Condition,
    adjust,
    load,
    match,
    read,
    read_condition,
    save,
)
from bottega.personalize.adjustment import SHAPES, Adjustment
from bottega.personalize.detail import turned
from bottega.personalize.goal import USES, goal_of
from bottega.personalize.refine import shortfall
from bottega.personalize.render import render
from bottega.personalize.repalette import repaletted
from bottega.personalize.seen import seen
from bottega.personalize.steering import begin
from bottega.personalize.swatch import palette_numbers, palette_of
from bottega.personalize.warp import warped


@pytest.fixture(scope="module")
def china() -> Tensor:
    return seen(pictures.photograph("china").pixels)


@pytest.fixture(scope="module")
def network() -> AdjustmentNet:
    """With last layers that are not zero."""
    torch.manual_seed(0)
    found = AdjustmentNet(width=16, blocks=1, hidden=16)
    for last in (found.to_maps, found.to_numbers):
        torch.nn.init.normal_(last.weight, std=0.02)
    return found.eval().requires_grad_(False)


def asked_of(condition: Condition) -> tuple[Tensor, Tensor]:
    values, mask = condition.vector()
    return values[None], mask[None]


def test_an_adjustment_of_zeros_changes_nothing(china: Tensor) -> None:
    found = render(rgb_to_oklab(china), Adjustment.none())
    torch.testing.assert_close(found.picture, china, atol=2e-5, rtol=0)
    assert found.excess.item() == pytest.approx(0, abs=1e-5)


def test_every_number_of_an_adjustment_has_a_slope(china: Tensor) -> None:
    torch.manual_seed(1)
    now = Adjustment.none().map(lambda part: (part + 0.02 * torch.randn_like(part)).requires_grad_())
    values, mask = asked_of(read_condition(pictures.photograph("flower").pixels))
    shown = render(rgb_to_oklab(china), now)
    goal = goal_of(values, mask, read(china))
    shortfall(goal, now, shown, read(shown.picture))["loss"].sum().backward()
    for name, part in now.tensors().items():
        assert part.grad is not None
        assert part.grad.isfinite().all(), name
        assert (part.grad != 0).float().mean() > 0.5, name


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_slopes_of_flat_pictures_are_finite(grey: float) -> None:
    picture = torch.full((1, 3, 192, 192), grey)
    now = Adjustment.none().map(lambda part: part.requires_grad_())
    values, mask = asked_of(read_condition(pictures.photograph("flower").pixels))
    shown = render(rgb_to_oklab(picture), now)
    shortfall(goal_of(values, mask, read(picture)), now, shown, read(shown.picture))["loss"].sum().backward()
    for name, part in now.tensors().items():
        assert part.grad is not None
        assert part.grad.isfinite().all(), name


def test_a_shift_moves_pixels_and_fills_what_was_beyond() -> None:
    torch.manual_seed(2)
    picture = interpolate(torch.rand(1, 3, 8, 8), (64, 64), mode="bicubic")
    moved = torch.zeros(1, 2, 64, 64)
    moved[:, 0] = 16 / 64
    found = warped(picture, moved)
    torch.testing.assert_close(found[..., :48], picture[..., 16:], atol=1e-5, rtol=0)
    assert found[..., 48:].std() > 0  # not a flat border, and near the edge its mirror image
    torch.testing.assert_close(found[..., 48], picture[..., 63], atol=0.02, rtol=0)


def test_strokes_turn_towards_what_is_asked() -> None:
    noise = torch.randn(1, 1, 96, 96, generator=torch.Generator().manual_seed(3))
    flat = noise + turned(noise, torch.tensor([[0.5, 0.0]]))
    across, down = (flat.diff(dim=axis).square().mean() for axis in (-1, -2))
    assert across < 0.8 * down  # along horizontal strokes little changes


def test_colours_move_to_the_palette_and_keep_the_drawing(china: Tensor) -> None:
    palette = palette_of("#102a43:2,#d9822b,#f0e6d2:2")
    lab = rgb_to_oklab(china)
    moved = repaletted(lab, palette_numbers(palette)[None])
    asked = Condition(palette=palette)
    before, after = (match(asked, Condition.of_vector(read_lab(each))).mean for each in (lab, moved))
    assert before < 0.7
    assert after > 0.84
    assert edge_agreement(oklab_to_rgb(moved).clamp(0, 1), china) > 0.9
    assert torch.equal(repaletted(lab, palette_numbers(palette)[None], strength=0.0), lab)


def read_lab(lab: Tensor) -> Tensor:
    return read(oklab_to_rgb(lab).clamp(0, 1))[0]


@pytest.mark.parametrize(
    ("name", "value"), [("lightness", 0.4), ("contrast", 0.3), ("saturation", 0.2), ("warmth", 0.15)]
)
def test_tones_are_hit_in_closed_form(china: Tensor, name: str, value: float) -> None:
    condition = Condition(**{name: value})
    result = adjust(china, condition, refine=0)
    assert getattr(read_condition(result), name) == pytest.approx(value, abs=0.01)
    assert edge_agreement(result, china) > 0.95


def test_refinement_comes_nearer_and_keeps_the_drawing(china: Tensor) -> None:
    condition = Condition(palette="#203040,#e0c080", subject=(0.6, 0.5), roughness=0.45, empty_space=0.45)
    plain, refined = (adjust(china, condition, refine=steps) for steps in (0, 8))
    found = [match(condition, read_condition(each)).mean for each in (china, plain, refined)]
    assert found == sorted(found)
    assert found[2] > 0.85


def test_only_what_serves_is_used(china: Tensor) -> None:
    assert set(USES) == set(ATTRIBUTES)
    assert set().union(*USES.values()) == set(SHAPES)
    values, mask = asked_of(Condition(lightness=0.3))
    found = begin(china, values, mask).refined(1).adjustment
    for name, part in found.tensors().items():
        assert bool((part != 0).any()) == (name in USES["lightness"]), name


def test_the_network_gives_an_adjustment(china: Tensor, network: AdjustmentNet) -> None:
    values, mask = asked_of(read_condition(pictures.photograph("flower").pixels))
    steering = begin(china, values, mask)
    found = steering.corrected(network).adjustment
    for name, part in found.tensors().items():
        assert part.shape == (1, *SHAPES[name])
        assert not torch.equal(part, steering.adjustment.tensors()[name]), name


def test_an_untrained_network_leaves_the_closed_form(china: Tensor) -> None:
    condition = Condition(lightness=0.4, subject=(0.4, 0.5))
    plain, net = (adjust(china, condition, network=n, refine=0) for n in (None, AdjustmentNet(16, 1, 16)))
    torch.testing.assert_close(plain, net, atol=0, rtol=0)


def test_the_packaged_size() -> None:
    assert sum(part.numel() for part in AdjustmentNet().parameters()) * 4 <= 4_000_000


def test_strength_goes_part_of_the_way(china: Tensor) -> None:
    condition = Condition(lightness=0.35, palette="#203040,#e0c080")
    assert adjust(china, condition, strength=0) is china
    found = [read_condition(adjust(china, condition, strength=s, refine=0)).lightness for s in (0.5, 1)]
    own = read_condition(china).lightness
    assert own is not None
    assert found[0] == pytest.approx((own + 0.35) / 2, abs=0.02)
    assert found[1] == pytest.approx(0.35, abs=0.02)


def test_outside_a_mask_nothing_changes(china: Tensor, network: AdjustmentNet) -> None:
    mask = torch.zeros(1, 1, *china.shape[-2:])
    mask[..., : china.shape[-1] // 2] = 1
    condition = Condition(palette="#802020,#f0c0a0", lightness=0.5, subject=(0.3, 0.5), roughness=0.5)
    result = adjust(china, condition, mask, network=network, refine=1)
    right = slice(china.shape[-1] // 2, None)
    torch.testing.assert_close(result[..., right], china[..., right], atol=2e-5, rtol=0)
    inside = read_condition(result, mask).lightness
    assert inside == pytest.approx(0.5, abs=0.06)


def test_large_pictures_are_adjusted_as_small_ones() -> None:
    large = pictures.photograph("china").pixels
    condition = Condition(lightness=0.4, warmth=0.1, roughness=0.5)
    small, whole = seen(adjust(large, condition, refine=2)), adjust(seen(large), condition, refine=2)
    assert adjust(large, condition, refine=0).shape == large.shape
    assert (small - whole).abs().mean() < 0.01


def test_styles_are_painted_first(china: Tensor) -> None:
    palette = Condition(palette="#203040,#e0c080")
    both = adjust(china, palette.updated(Condition(styles={"woodcut": 1.0})), refine=0)
    alone = adjust(china, palette, refine=0)
    assert (both - alone).abs().mean() > 0.01
    assert match(palette, read_condition(both)).mean > 0.8
    with pytest.raises(SettingsError, match="woodcut"):
        adjust(china, Condition(styles={"woodcot": 1.0}))


def test_networks_are_kept_in_files(tmp_path: Path, network: AdjustmentNet, china: Tensor) -> None:
    save(network, tmp_path / "mine.safetensors", {"steps": 3})
    again = load(tmp_path / "mine.safetensors")
    condition = Condition(lightness=0.4, subject=(0.4, 0.5))
    ours, theirs = (adjust(china, condition, network=n, refine=0) for n in (network, again))
    torch.testing.assert_close(ours, theirs, atol=0, rtol=0)
    weights.save(tmp_path / "other.safetensors", {"a": torch.zeros(1)}, {"architecture": "micro"})
    with pytest.raises(WeightsError, match="not one of the adjustment networks"):
        load(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda p: adjust(p.repeat(2, 1, 1, 1), Condition(lightness=0.5)), PictureError),
        (lambda p: adjust(p, Condition(lightness=0.5), torch.ones(1, 1, 4, 4)), PictureError),
        (lambda p: adjust(p, Condition(lightness=0.5), strength=1.5), SettingsError),
        (lambda p: adjust(p, Condition(lightness=0.5), refine=-1), SettingsError),
    ],
)
def test_what_cannot_be_adjusted_is_told(
    china: Tensor, wrong: Callable[[Tensor], object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        wrong(china)


def test_a_small_picture_in_a_style_is_as_large_and_keeps_what_lies_outside(china: Tensor) -> None:
    small = torch.nn.functional.interpolate(china, (64, 80), mode="area")
    mask = torch.zeros(1, 1, 64, 80)
    mask[..., :40] = 1
    made = adjust(small, Condition(styles={"woodcut": 1.0}), mask)
    assert made.shape == small.shape
    assert torch.equal(made[..., 40:], small[..., 40:])
    assert (made - small)[..., :40].abs().mean() > 0.02
