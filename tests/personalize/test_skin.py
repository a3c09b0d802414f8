"""Faces are found by color and form, and palettes spare them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.layers import rgb_to_oklab
from bottega.personalize import Condition, adjust, analyze_condition, match
from bottega.personalize.adjust.skin import skin_likelihood, skin_mask

PALE, BROWN, DARK = (0.91, 0.72, 0.62), (0.68, 0.48, 0.34), (0.40, 0.27, 0.20)
BLUE = (0.35, 0.5, 0.75)


def fill(color: tuple[float, float, float], height: int = 120, width: int = 160) -> Tensor:
    return torch.tensor(color).view(1, 3, 1, 1).expand(1, 3, height, width).clone()


def portrait(skin: tuple[float, float, float], background: tuple[float, float, float] = BLUE) -> Tensor:
    """An oval face with two eyes and a mouth, before an even background with some noise."""
    noise = 0.02 * torch.randn(1, 3, 120, 160, generator=torch.Generator().manual_seed(0))
    picture = fill(background)
    y, x = torch.meshgrid(torch.arange(120.0), torch.arange(160.0), indexing="ij")
    face = ((x - 80) / 24).square() + ((y - 60) / 32).square() < 1
    picture = torch.where(face, fill(skin), picture)
    for center in (70, 90):
        picture = torch.where(
            ((x - center).square() + (y - 52).square()) < 12, fill((0.1, 0.07, 0.06)), picture
        )
    picture[..., 78:81, 70:90] = torch.tensor((0.6, 0.25, 0.25)).view(3, 1, 1)
    return (picture + noise).clamp(0, 1)


@pytest.mark.parametrize("color", [PALE, BROWN, DARK])
def test_skin_of_all_shades_is_likely(color: tuple[float, float, float]) -> None:
    assert skin_likelihood(rgb_to_oklab(fill(color, 2, 2))).min() > (0.3 if color == DARK else 0.7)


@pytest.mark.parametrize(
    "color", [BLUE, (0.5, 0.5, 0.5), (0.3, 0.6, 0.2), (1.0, 1.0, 1.0), (0.9, 0.1, 0.1), (0.05, 0.04, 0.03)]
)
def test_other_colors_are_not(color: tuple[float, float, float]) -> None:
    assert skin_likelihood(rgb_to_oklab(fill(color, 2, 2))).max() < 0.1


@pytest.mark.parametrize("skin", [PALE, BROWN])
def test_a_face_is_marked_with_its_eyes(skin: tuple[float, float, float]) -> None:
    mask = skin_mask(rgb_to_oklab(portrait(skin)))
    assert mask.shape == (1, 1, 120, 160)
    assert mask[..., 45:75, 65:95].min() > 0.9
    assert mask[..., :15, :].max() < 0.01
    assert mask[..., :40].max() < 0.01


def test_sand_and_walls_are_no_faces() -> None:
    sand = portrait(BLUE, background=BROWN)
    assert skin_mask(rgb_to_oklab(sand)).max() < 0.1
    sky = fill(BLUE)
    sky[..., 70:, :] = fill(PALE)[..., 70:, :]
    assert skin_mask(rgb_to_oklab(sky)).max() < 0.1


def test_palettes_spare_faces_and_are_met_by_the_rest() -> None:
    picture = portrait(PALE)
    face, rest = (slice(64, 76), slice(68, 92)), torch.ones(1, 1, 120, 160)
    rest[..., 24:96, 52:108] = 0
    condition = Condition(palette="#2f4f2f,#c8d27a")
    old = rgb_to_oklab(picture)[0, 1:, face[0], face[1]].mean((1, 2))
    changes, matches = [], []
    for skin_strength in (1.0, 0.3, 0.0):
        result = adjust(picture, condition, optimizer_steps=0, skin_strength=skin_strength)
        changes.append(float((rgb_to_oklab(result)[0, 1:, face[0], face[1]].mean((1, 2)) - old).norm()))
        matches.append(match(condition, analyze_condition(result, rest)).mean)
    assert changes[1] < 0.5 * changes[0]
    assert changes[2] < 0.005
    assert matches[1] > matches[0] - 0.05


def test_skin_strength_is_a_share() -> None:
    with pytest.raises(SettingsError, match="skin_strength"):
        adjust(portrait(PALE), Condition(lightness=0.5), skin_strength=1.5)
