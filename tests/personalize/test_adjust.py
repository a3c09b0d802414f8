"""The adjustment: exact where nothing is requested, near the target otherwise, and the same drawing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from bottega import pictures, weights
from bottega.errors import PictureError, SettingsError, WeightsError
from bottega.evaluation import edge_agreement
from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.layers.palette import palette_to_tensor, parse_palette
from bottega.personalize import (
    ATTRIBUTES,
    AdjustmentNet,
    Condition,
    adjust,
    analyze,
    analyze_condition,
    load_adjustment_net,
    match,
    save_adjustment_net,
)
from bottega.personalize.adjust.closed_form import apply_palette
from bottega.personalize.adjust.optimize import adjustment_losses
from bottega.personalize.adjust.parameters import (
    PARAM_SHAPES,
    PARAMS_BY_ATTRIBUTE,
    AdjustmentParams,
    make_target,
)
from bottega.personalize.adjust.pipeline import AdjustmentState
from bottega.personalize.adjust.render import render, stroke_rotation, warp_picture
from bottega.personalize.analysis.pixels import resize_for_analysis


@pytest.fixture(scope="module")
def china() -> Tensor:
    return resize_for_analysis(pictures.photograph("china").pixels)


@pytest.fixture(scope="module")
def network() -> AdjustmentNet:
    """With last layers that are not zero."""
    torch.manual_seed(0)
    result = AdjustmentNet(width=16, blocks=1, hidden=16)
    for last in (result.to_maps, result.to_numbers):
        torch.nn.init.normal_(last.weight, std=0.02)
    return result.eval().requires_grad_(False)


def vector_batch(condition: Condition) -> tuple[Tensor, Tensor]:
    values, mask = condition.to_vector()
    return values[None], mask[None]


def test_parameters_of_zero_change_nothing(china: Tensor) -> None:
    result = render(rgb_to_oklab(china), AdjustmentParams.zeros())
    torch.testing.assert_close(result.picture, china, atol=2e-5, rtol=0)
    assert result.gamut_excess.item() == pytest.approx(0, abs=1e-5)


def test_every_parameter_has_a_gradient(china: Tensor) -> None:
    torch.manual_seed(1)
    params = AdjustmentParams.zeros().map(
        lambda tensor: (tensor + 0.02 * torch.randn_like(tensor)).requires_grad_()
    )
    values, mask = vector_batch(analyze_condition(pictures.photograph("flower").pixels))
    rendering = render(rgb_to_oklab(china), params)
    target = make_target(values, mask, analyze(china))
    adjustment_losses(target, params, rendering, analyze(rendering.picture))["loss"].sum().backward()
    for name, tensor in params.to_dict().items():
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all(), name
        assert (tensor.grad != 0).float().mean() > 0.5, name


@pytest.mark.parametrize("gray", [0.0, 0.5, 1.0])
def test_gradients_of_flat_pictures_are_finite(gray: float) -> None:
    picture = torch.full((1, 3, 192, 192), gray)
    params = AdjustmentParams.zeros().map(lambda tensor: tensor.requires_grad_())
    values, mask = vector_batch(analyze_condition(pictures.photograph("flower").pixels))
    rendering = render(rgb_to_oklab(picture), params)
    target = make_target(values, mask, analyze(picture))
    adjustment_losses(target, params, rendering, analyze(rendering.picture))["loss"].sum().backward()
    for name, tensor in params.to_dict().items():
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all(), name


def test_a_shift_moves_pixels_and_mirrors_at_the_edge() -> None:
    torch.manual_seed(2)
    picture = interpolate(torch.rand(1, 3, 8, 8), (64, 64), mode="bicubic")
    moved = torch.zeros(1, 2, 64, 64)
    moved[:, 0] = 16 / 64
    result = warp_picture(picture, moved)
    torch.testing.assert_close(result[..., :48], picture[..., 16:], atol=1e-5, rtol=0)
    assert result[..., 48:].std() > 0  # not a flat border, and near the edge its mirror image
    torch.testing.assert_close(result[..., 48], picture[..., 63], atol=0.02, rtol=0)


def test_strokes_turn_towards_the_requested_direction() -> None:
    noise = torch.randn(1, 1, 96, 96, generator=torch.Generator().manual_seed(3))
    flat = noise + stroke_rotation(noise, torch.tensor([[0.5, 0.0]]))
    across, down = (flat.diff(dim=axis).square().mean() for axis in (-1, -2))
    assert across < 0.8 * down  # along horizontal strokes little changes


def test_colors_move_to_the_palette_and_keep_the_drawing(china: Tensor) -> None:
    palette = parse_palette("#102a43:2,#d9822b,#f0e6d2:2")
    lab = rgb_to_oklab(china)
    moved = apply_palette(lab, palette_to_tensor(palette)[None])
    condition = Condition(palette=palette)
    before, after = (
        match(condition, Condition.from_vector(read_lab(picture))).mean for picture in (lab, moved)
    )
    assert before < 0.7
    assert after > 0.84
    assert edge_agreement(oklab_to_rgb(moved).clamp(0, 1), china) > 0.9
    assert torch.equal(apply_palette(lab, palette_to_tensor(palette)[None], strength=0.0), lab)


def read_lab(lab: Tensor) -> Tensor:
    return analyze(oklab_to_rgb(lab).clamp(0, 1))[0]


@pytest.mark.parametrize(
    ("name", "value"), [("lightness", 0.4), ("contrast", 0.3), ("saturation", 0.2), ("warmth", 0.15)]
)
def test_tones_are_exact_in_closed_form(china: Tensor, name: str, value: float) -> None:
    condition = Condition(**{name: value})
    result = adjust(china, condition, optimizer_steps=0)
    assert getattr(analyze_condition(result), name) == pytest.approx(value, abs=0.01)
    assert edge_agreement(result, china) > 0.95


def test_refinement_comes_nearer_and_keeps_the_drawing(china: Tensor) -> None:
    condition = Condition(palette="#203040,#e0c080", subject=(0.6, 0.5), roughness=0.45, empty_space=0.45)
    plain, optimized = (adjust(china, condition, optimizer_steps=steps) for steps in (0, 8))
    result = [match(condition, analyze_condition(picture)).mean for picture in (china, plain, optimized)]
    assert result == sorted(result)
    assert result[2] > 0.85


def test_only_allowed_parameters_change(china: Tensor) -> None:
    assert set(PARAMS_BY_ATTRIBUTE) == set(ATTRIBUTES)
    assert set().union(*PARAMS_BY_ATTRIBUTE.values()) == set(PARAM_SHAPES)
    values, mask = vector_batch(Condition(lightness=0.3))
    result = AdjustmentState.initialize(china, values, mask).optimize(1).params
    for name, tensor in result.to_dict().items():
        assert bool((tensor != 0).any()) == (name in PARAMS_BY_ATTRIBUTE["lightness"]), name


def test_the_network_corrects_the_parameters(china: Tensor, network: AdjustmentNet) -> None:
    values, mask = vector_batch(analyze_condition(pictures.photograph("flower").pixels))
    state = AdjustmentState.initialize(china, values, mask)
    result = state.network_step(network).params
    for name, tensor in result.to_dict().items():
        assert tensor.shape == (1, *PARAM_SHAPES[name])
        assert not torch.equal(tensor, state.params.to_dict()[name]), name


def test_an_untrained_network_leaves_the_closed_form(china: Tensor) -> None:
    condition = Condition(lightness=0.4, subject=(0.4, 0.5))
    plain, net = (
        adjust(china, condition, network=n, optimizer_steps=0) for n in (None, AdjustmentNet(16, 1, 16))
    )
    torch.testing.assert_close(plain, net, atol=0, rtol=0)


def test_the_packaged_size() -> None:
    assert sum(tensor.numel() for tensor in AdjustmentNet().parameters()) * 4 <= 4_000_000


def test_strength_goes_part_of_the_way(china: Tensor) -> None:
    condition = Condition(lightness=0.35, palette="#203040,#e0c080")
    assert adjust(china, condition, strength=0) is china
    result = [
        analyze_condition(adjust(china, condition, strength=s, optimizer_steps=0)).lightness for s in (0.5, 1)
    ]
    own = analyze_condition(china).lightness
    assert own is not None
    assert result[0] == pytest.approx((own + 0.35) / 2, abs=0.02)
    assert result[1] == pytest.approx(0.35, abs=0.02)


def test_outside_a_mask_nothing_changes(china: Tensor, network: AdjustmentNet) -> None:
    mask = torch.zeros(1, 1, *china.shape[-2:])
    mask[..., : china.shape[-1] // 2] = 1
    condition = Condition(palette="#802020,#f0c0a0", lightness=0.5, subject=(0.3, 0.5), roughness=0.5)
    result = adjust(china, condition, mask, network=network, optimizer_steps=1)
    right = slice(china.shape[-1] // 2, None)
    torch.testing.assert_close(result[..., right], china[..., right], atol=2e-5, rtol=0)
    inside = analyze_condition(result, mask).lightness
    assert inside == pytest.approx(0.5, abs=0.06)


def test_large_pictures_are_adjusted_as_small_ones() -> None:
    large = pictures.photograph("china").pixels
    condition = Condition(lightness=0.4, warmth=0.1, roughness=0.5)
    small, whole = (
        resize_for_analysis(adjust(large, condition, optimizer_steps=2)),
        adjust(resize_for_analysis(large), condition, optimizer_steps=2),
    )
    assert adjust(large, condition, optimizer_steps=0).shape == large.shape
    assert (small - whole).abs().mean() < 0.01


def test_styles_are_applied_first(china: Tensor) -> None:
    palette = Condition(palette="#203040,#e0c080")
    both = adjust(china, palette.merge(Condition(styles={"woodcut": 1.0})), optimizer_steps=0)
    alone = adjust(china, palette, optimizer_steps=0)
    assert (both - alone).abs().mean() > 0.01
    assert match(palette, analyze_condition(both)).mean > 0.8
    with pytest.raises(SettingsError, match="woodcut"):
        adjust(china, Condition(styles={"woodcot": 1.0}))


def test_files_hold_a_network(tmp_path: Path, network: AdjustmentNet, china: Tensor) -> None:
    save_adjustment_net(network, tmp_path / "mine.safetensors", {"steps": 3})
    again = load_adjustment_net(tmp_path / "mine.safetensors")
    condition = Condition(lightness=0.4, subject=(0.4, 0.5))
    first, second = (adjust(china, condition, network=n, optimizer_steps=0) for n in (network, again))
    torch.testing.assert_close(first, second, atol=0, rtol=0)
    weights.save_file(tmp_path / "other.safetensors", {"a": torch.zeros(1)}, {"architecture": "micro"})
    with pytest.raises(WeightsError, match="not one of the adjustment networks"):
        load_adjustment_net(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda p: adjust(p.repeat(2, 1, 1, 1), Condition(lightness=0.5)), PictureError),
        (lambda p: adjust(p, Condition(lightness=0.5), torch.ones(1, 1, 4, 4)), PictureError),
        (lambda p: adjust(p, Condition(lightness=0.5), strength=1.5), SettingsError),
        (lambda p: adjust(p, Condition(lightness=0.5), optimizer_steps=-1), SettingsError),
    ],
)
def test_invalid_arguments_are_refused(
    china: Tensor, wrong: Callable[[Tensor], object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        wrong(china)


def test_a_small_stylized_picture_keeps_its_size_and_what_is_outside_the_mask(china: Tensor) -> None:
    small = torch.nn.functional.interpolate(china, (64, 80), mode="area")
    mask = torch.zeros(1, 1, 64, 80)
    mask[..., :40] = 1
    result = adjust(small, Condition(styles={"woodcut": 1.0}), mask)
    assert result.shape == small.shape
    assert torch.equal(result[..., 40:], small[..., 40:])
    assert (result - small)[..., :40].abs().mean() > 0.02
