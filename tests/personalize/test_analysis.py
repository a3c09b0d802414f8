"""Analysis of pictures whose attributes are known."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from bottega.errors import PictureError
from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.personalize import ATTRIBUTES, VECTOR_SIZE, Condition, analyze, analyze_condition, mean_condition
from bottega.personalize.analysis.pixels import resize_for_analysis

SIDE = 192


def flat(*rgb: float, height: int = SIDE, width: int = SIDE) -> Tensor:
    return torch.tensor(rgb, dtype=torch.float32).view(1, 3, 1, 1).expand(1, 3, height, width).clone()


def of_light(light: Tensor) -> Tensor:
    """A gray picture from L of OKLab ``(H, W)``."""
    lab = torch.zeros(1, 3, *light.shape)
    lab[0, 0] = light
    return oklab_to_rgb(lab).clamp(0, 1)


def disc(x: float, y: float, radius: float, width: int = SIDE) -> Tensor:
    picture = flat(0.5, 0.5, 0.5, width=width)
    rows = (torch.arange(SIDE) + 0.5)[:, None]
    columns = (torch.arange(width) + 0.5)[None]
    inside = (columns - x * width).square() + (rows - y * SIDE).square() < (radius * SIDE) ** 2
    picture[0, :, inside] = torch.tensor([0.9, 0.2, 0.1])[:, None]
    return picture


def wave(length: float, degrees: float = 90.0, amplitude: float = 0.1) -> Tensor:
    """Stripes of this wavelength in pixels, running along ``degrees``."""
    x, y = torch.meshgrid(torch.arange(SIDE), -torch.arange(SIDE), indexing="xy")
    across = -x * math.sin(math.radians(degrees)) + y * math.cos(math.radians(degrees))
    return of_light(0.5 + amplitude * torch.sin(2 * math.pi * across / length))


def soft_noise(seed: int, cells: int = 12) -> Tensor:
    coarse = torch.rand(1, 3, cells, cells, generator=torch.Generator().manual_seed(seed))
    return interpolate(coarse, (SIDE, SIDE), mode="bicubic").clamp(0, 1)


def value(picture: Tensor, name: str) -> float:
    result = getattr(analyze_condition(picture), name)
    assert isinstance(result, float)
    return result


def test_lightness_contrast_and_saturation_have_known_ends() -> None:
    black, white = analyze_condition(flat(0, 0, 0)), analyze_condition(flat(1, 1, 1))
    assert black.lightness == pytest.approx(0, abs=0.02)
    assert white.lightness == pytest.approx(1, abs=1e-3)
    halves = flat(0, 0, 0)
    halves[..., : SIDE // 2] = 1
    assert value(halves, "contrast") == pytest.approx(1, abs=0.02)
    assert value(flat(0.3, 0.6, 0.2), "contrast") == pytest.approx(0, abs=1e-3)
    assert value(flat(1, 0, 1), "saturation") == pytest.approx(1, abs=1e-3)
    assert value(flat(0.4, 0.4, 0.4), "saturation") == pytest.approx(0, abs=2e-3)


def test_warmth_has_a_sign() -> None:
    assert value(flat(1, 0.5, 0), "warmth") > 0.4
    assert value(flat(0, 0.5, 1), "warmth") < -0.4
    assert value(flat(0.5, 0.5, 0.5), "warmth") == pytest.approx(0, abs=1e-3)


def test_a_palette_has_the_painted_colors() -> None:
    picture = flat(0.8, 0.1, 0.1)
    picture[..., :48, :] = torch.tensor([0.1, 0.2, 0.6]).view(3, 1, 1)  # a quarter
    palette = analyze_condition(picture).palette
    assert palette is not None
    assert len(palette) == 2
    assert palette[0].share == pytest.approx(0.75, abs=1e-3)
    assert [color.hex for color in palette] == ["#cc1a1a", "#1a3399"]


def test_six_colors_are_separated() -> None:
    colors = torch.rand(6, 3, generator=torch.Generator().manual_seed(1))
    picture = colors.repeat_interleave(32, 0).T[None, :, :, None].expand(1, 3, SIDE, SIDE)
    palette = analyze_condition(picture).palette
    assert palette is not None
    result = torch.tensor([color.oklab for color in palette])
    expected = rgb_to_oklab(colors.T[None, :, :, None])[0, :, :, 0].T
    # The rows between two colors are mixed when the picture is reduced.
    assert torch.cdist(expected, result).amin(1).max() < 0.02


@pytest.mark.parametrize(("x", "y"), [(0.3, 0.35), (0.65, 0.4), (0.5, 0.7)])
def test_the_subject_is_where_it_was_painted(x: float, y: float) -> None:
    result = analyze_condition(disc(x, y, 0.1)).subject
    assert result == pytest.approx((x, y), abs=0.03)


def test_the_subject_of_a_wide_picture() -> None:
    assert analyze_condition(disc(0.7, 0.5, 0.1, 2 * SIDE)).subject == pytest.approx((0.7, 0.5), abs=0.04)


def test_larger_subjects_measure_larger() -> None:
    sizes = [value(disc(0.5, 0.5, radius), "subject_size") for radius in (0.06, 0.12, 0.2, 0.3)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.25
    # A disc of radius r has the deviation r / 2 along each axis: √12 · r / 2.
    assert sizes[3] == pytest.approx(math.sqrt(12) * 0.15, abs=0.08)


@pytest.mark.parametrize("height", [0.25, 0.5, 0.8])
def test_the_horizon_is_where_it_was_painted(height: float) -> None:
    picture = flat(0.6, 0.8, 0.95)
    picture[..., round(height * SIDE) :, :] = torch.tensor([0.2, 0.4, 0.1]).view(3, 1, 1)
    assert value(picture, "horizon") == pytest.approx(height, abs=0.04)


def test_symmetry_of_mirrored_unlike_and_reversed() -> None:
    half = soft_noise(2)[..., : SIDE // 2]
    assert value(torch.cat([half, half.flip(-1)], 3), "symmetry") > 0.99
    assert value(soft_noise(3), "symmetry") == pytest.approx(0.5, abs=0.2)
    ramp = torch.linspace(0.2, 0.8, SIDE).expand(SIDE, -1)
    assert value(of_light(ramp), "symmetry") < 0.02


def test_thirds_count_the_crossings() -> None:
    assert value(disc(1 / 3, 1 / 3, 0.06), "thirds") > 0.7
    assert value(disc(0.5, 0.5, 0.06), "thirds") < 0.2


def test_empty_space_is_calm_space() -> None:
    picture = flat(0.5, 0.5, 0.5)
    noise = torch.rand(1, 1, 48, 48, generator=torch.Generator().manual_seed(4))
    busy = interpolate(noise, (SIDE, SIDE)).expand(1, 3, -1, -1)
    assert value(picture, "empty_space") > 0.99
    assert value(busy, "empty_space") < 0.1
    picture[..., : SIDE // 2] = busy[..., : SIDE // 2]
    assert value(picture, "empty_space") == pytest.approx(0.5, abs=0.1)


def test_longer_waves_are_larger_strokes() -> None:
    sizes = [value(wave(length), "stroke_size") for length in (4, 8, 16, 32, 64)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.25
    assert sizes[-1] > 0.75


@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
def test_stroke_direction_is_that_of_the_stripes(degrees: float) -> None:
    direction = analyze_condition(wave(8, degrees)).stroke_direction
    assert direction is not None
    apart = abs((direction.degrees - degrees + 90) % 180 - 90)
    assert apart < 4
    assert direction.strength > 0.8


def test_noise_has_no_direction_and_detail_everywhere() -> None:
    noise = torch.randn(SIDE, SIDE, generator=torch.Generator().manual_seed(5))
    result = analyze_condition(of_light((0.5 + 0.08 * noise).clamp(0, 1)))
    assert result.stroke_direction is not None
    assert result.stroke_direction.strength < 0.05
    assert result.roughness is not None
    assert result.roughness > 0.6
    # Slopes of Gaussian noise have a Rayleigh distribution: mean over root mean square is √(π/4).
    assert result.abstraction == pytest.approx(1 - math.sqrt(math.pi / 4), abs=0.02)


def test_flat_areas_are_abstract_and_smooth() -> None:
    stripes = flat(0.2, 0.2, 0.2)
    stripes[..., 60:130] = 0.8
    assert value(stripes, "abstraction") > 0.8
    assert value(flat(0.5, 0.5, 0.5), "abstraction") > 0.85
    assert value(flat(0.5, 0.5, 0.5), "roughness") < 0.01


def test_the_size_of_the_file_does_not_matter() -> None:
    picture = soft_noise(6, 16)
    large = interpolate(picture, (3 * SIDE, 3 * SIDE), mode="bicubic", align_corners=False).clamp(0, 1)
    first, second = analyze(picture)[0], analyze(large)[0]
    torch.testing.assert_close(first[24:], second[24:], atol=0.03, rtol=0)


def test_color_and_texture_are_measured_inside_a_mask() -> None:
    picture = flat(0.9, 0.9, 0.9)
    picture[..., : SIDE // 2] = torch.tensor([0.702, 0.102, 0.102]).view(3, 1, 1)
    mask = torch.zeros(1, 1, SIDE, SIDE)
    mask[..., : SIDE // 2] = 1
    inside, alone = analyze_condition(picture, mask), analyze_condition(flat(0.702, 0.102, 0.102))
    for name in ("lightness", "saturation", "warmth"):
        assert getattr(inside, name) == pytest.approx(getattr(alone, name), abs=0.01)
    assert inside.palette is not None
    assert inside.palette[0].hex == "#b31a1a"


def test_batches_equal_single_pictures() -> None:
    both = torch.cat([soft_noise(7), soft_noise(8)])
    together = analyze(both)
    assert together.shape == (2, VECTOR_SIZE)
    for row, picture in zip(together, both, strict=True):
        torch.testing.assert_close(row, analyze(picture[None])[0], atol=1e-4, rtol=0)


def test_the_common_condition_is_the_mean() -> None:
    dark, light = flat(0.2, 0.2, 0.2), flat(0.8, 0.8, 0.8)
    result = mean_condition([dark, light])
    assert result.attribute_names == tuple(ATTRIBUTES)
    assert result.lightness == pytest.approx(
        (value(dark, "lightness") + value(light, "lightness")) / 2, abs=1e-4
    )
    with pytest.raises(PictureError):
        mean_condition([])


def test_analysis_is_differentiable() -> None:
    """The slope of every attribute against a difference quotient, along a random direction of pixels."""
    picture = soft_noise(9).double().mul(0.8).add(0.1).requires_grad_()
    step = torch.randn(picture.shape, generator=torch.Generator().manual_seed(10), dtype=torch.float64)
    smooth = interpolate(step[..., ::16, ::16], picture.shape[-2:], mode="bilinear") * 1e-5
    ahead, behind = analyze(picture.detach() + smooth)[0], analyze(picture.detach() - smooth)[0]
    here = analyze(picture)[0]
    for name, attribute in ATTRIBUTES.items():
        if name == "palette":  # shares jump; colors are tested below
            continue
        for number in range(attribute.columns.start, attribute.columns.stop):
            (slope,) = torch.autograd.grad(here[number], picture, retain_graph=True)
            along = (slope * smooth).sum().item()
            quotient = ((ahead - behind)[number] / 2).item()
            assert along == pytest.approx(quotient, rel=0.02, abs=2e-8), name


def test_palette_colors_are_differentiable() -> None:
    picture = flat(0.8, 0.1, 0.1).requires_grad_()
    analyze(picture)[0, 0].backward()
    assert picture.grad is not None
    assert picture.grad.isfinite().all()
    assert picture.grad.abs().sum() > 0


@pytest.mark.parametrize("picture", [flat(0, 0, 0), flat(1, 1, 1), flat(0.5, 0.5, 0.5, height=1, width=1)])
def test_flat_pictures_have_finite_attributes_and_gradients(picture: Tensor) -> None:
    picture = picture.requires_grad_()
    result = analyze(picture)
    result.sum().backward()
    assert result.isfinite().all()
    assert picture.grad is not None
    assert picture.grad.isfinite().all()
    Condition.from_vector(result[0])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: analyze(torch.zeros(3, 8, 8)),
        lambda: analyze(torch.zeros(1, 4, 8, 8)),
        lambda: analyze(torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8)),
        lambda: analyze(torch.zeros(1, 3, 8, 8), torch.ones(1, 1, 4, 8)),
        lambda: analyze_condition(torch.zeros(2, 3, 8, 8)),
    ],
)
def test_invalid_pictures_are_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(PictureError):
        wrong()


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 3)])
def test_thin_pictures_are_analyzed_at_a_bounded_size(size: tuple[int, int]) -> None:
    small = resize_for_analysis(torch.full((1, 3, *size), 0.5))
    assert sorted(small.shape[-2:]) == [SIDE, 6 * SIDE]
    assert resize_for_analysis(torch.zeros(1, 3, 400, 2400)).shape[-2:] == (192, 1152)
    assert analyze_condition(torch.full((1, 3, *size), 0.5)).contrast == pytest.approx(0, abs=0.01)
