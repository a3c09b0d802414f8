"""What a warp uncovers is filled with patches of the picture: sharp, and without a second subject."""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.layers import gaussian_blur
from bottega.personalize.adjust.infill import fill_with_patches
from bottega.personalize.adjust.parameters import AdjustmentParams
from bottega.personalize.adjust.render import render


def right_part(picture: Tensor, share: float = 0.2) -> Tensor:
    hole = torch.zeros(1, 1, *picture.shape[-2:], dtype=torch.bool)
    hole[..., round((1 - share) * picture.shape[-1]) :] = True
    return hole


def texture(height: int, width: int) -> Tensor:
    noise = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(5))
    return 0.5 + (gaussian_blur(noise, 1.0) - 0.5)


def test_only_the_hole_changes_and_what_it_showed_is_not_used() -> None:
    picture = texture(64, 80)
    hole = right_part(picture)
    result = fill_with_patches(picture, hole)
    assert torch.equal(torch.where(hole, picture, result), picture)
    other = torch.where(hole, torch.rand_like(picture), picture)
    assert torch.equal(fill_with_patches(other, hole), result)


def test_stripes_continue_without_a_seam() -> None:
    rows = torch.arange(96)
    picture = (0.5 + 0.3 * torch.sin(rows * 2 * torch.pi / 8)).view(1, 1, 96, 1).expand(1, 3, 96, 120).clone()
    hole = right_part(picture)
    spoiled = torch.where(hole, 1.0, picture)
    result = fill_with_patches(spoiled, hole)
    torch.testing.assert_close(result, picture, atol=0.02, rtol=0)


def test_texture_stays_as_rough_as_beside_the_hole() -> None:
    picture = texture(72, 128)
    hole = right_part(picture)
    result = fill_with_patches(picture, hole)
    inside, outside = result[..., 106:].std(), picture[..., :96].std()
    assert 0.7 < inside / outside < 1.3
    steps = result.diff(dim=-1).abs().mean((0, 1, 2))
    seam = int(hole[0, 0, 0].nonzero()[0])
    assert steps[seam - 1] < 1.9 * steps[:90].mean()


def test_avoided_places_are_not_repeated() -> None:
    picture = texture(96, 120) * 0.2
    picture[..., 40:56, 60:90] = 0.9
    hole = right_part(picture)
    avoided = torch.zeros_like(hole)
    avoided[..., 38:58, 58:92] = True
    assert fill_with_patches(picture, hole, avoided)[hole.expand_as(picture)].max() < 0.5


def test_large_pictures_are_filled_at_full_sharpness() -> None:
    picture = texture(480, 600)
    hole = right_part(picture, 0.1)
    result = fill_with_patches(picture, hole)
    fine = (result - gaussian_blur(result, 1.0)).abs()
    assert fine[..., 545:].mean() > 0.5 * fine[..., :530].mean()


def test_small_and_flat_pictures() -> None:
    tiny = torch.rand(1, 3, 5, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(fill_with_patches(tiny, right_part(tiny)), tiny)
    flat = torch.full((1, 3, 40, 50), 0.3)
    torch.testing.assert_close(fill_with_patches(flat, right_part(flat)), flat)


def test_a_shifted_picture_is_as_sharp_at_the_uncovered_edge() -> None:
    lab = texture(96, 128) * torch.tensor([1.0, 0.1, 0.1]).view(1, 3, 1, 1)
    warp = torch.zeros(1, 2, 8, 8)
    warp[:, 0] = 0.15
    params = AdjustmentParams.zeros()
    params = AdjustmentParams(**{**params.to_dict(), "warp": warp})
    mirrored, filled = (render(lab, params, fill=fill).structure[:, 0] for fill in (False, True))
    intact = slice(0, 100)
    assert torch.equal(mirrored[..., intact], filled[..., intact])

    def roughness(light: Tensor) -> float:
        return float(
            light[..., 116:].diff(dim=-1).abs().mean() / light[..., intact].diff(dim=-1).abs().mean()
        )

    assert roughness(mirrored) < 0.3  # a smear
    assert roughness(filled) > 0.6
