"""Closed-form color transfer and bilateral grids."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from bottega.layers import (
    apply_affine,
    apply_grid,
    color_moments,
    mix_color_moments,
    mk_color_transfer,
    recolor,
    slice_grid,
)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def two_pictures() -> tuple[Tensor, Tensor]:
    """A blue and a red one, well inside [0, 1], so that nothing is clamped."""
    blue = 0.4 + 0.1 * random(2, 3, 12, 14) * torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64).view(3, 1, 1)
    red = 0.5 + 0.1 * random(2, 3, 9, 9, seed=1) * torch.tensor([2.0, 0.7, 0.8]).view(3, 1, 1)
    return blue, red


def test_color_moments_equal_torch_cov() -> None:
    blue, _ = two_pictures()
    moments = color_moments(blue)
    torch.testing.assert_close(moments.mean[1], blue[1].mean((1, 2)))
    torch.testing.assert_close(moments.covariance[1], torch.cov(blue[1].flatten(1), correction=0))
    halves = color_moments(blue[..., :5]) + color_moments(blue[..., 5:])
    torch.testing.assert_close(halves.covariance, moments.covariance)
    mask = torch.zeros(1, 1, 12, 14)
    mask[..., 3:9, 2:8] = 1
    torch.testing.assert_close(
        color_moments(blue, mask).covariance, color_moments(blue[..., 3:9, 2:8]).covariance
    )


def test_transfer_matches_mean_and_covariance() -> None:
    blue, red = two_pictures()
    content, style = color_moments(blue), color_moments(red)
    affine = mk_color_transfer(content, style)
    torch.testing.assert_close(color_moments(recolor(blue, affine)).mean, style.mean)
    linear, spread = affine[:, :, :3], 1e-4 * torch.eye(3, dtype=torch.float64)
    mapped = linear @ (content.covariance + spread) @ linear.mT
    torch.testing.assert_close(mapped, style.covariance + spread)


def test_transfer_map_is_symmetric_positive_definite() -> None:
    """Optimal transport maps of Gaussians are symmetric positive definite (Brenier)."""
    blue, red = two_pictures()
    linear = mk_color_transfer(color_moments(blue), color_moments(red))[:, :, :3]
    torch.testing.assert_close(linear, linear.mT)
    assert float(torch.linalg.eigvalsh(linear).min()) > 0


def test_equal_colors_or_strength_zero_give_the_identity() -> None:
    blue, red = two_pictures()
    content = color_moments(blue)
    eye = torch.eye(3, 4, dtype=torch.float64).expand(2, -1, -1)
    torch.testing.assert_close(mk_color_transfer(content, content), eye, rtol=0, atol=1e-12)
    assert torch.equal(mk_color_transfer(content, color_moments(red), 0.0), eye)
    assert torch.equal(recolor(blue, eye), blue)
    gray = color_moments(torch.full((1, 3, 4, 4), 0.5))
    torch.testing.assert_close(mk_color_transfer(gray, gray)[0].double(), eye[0], rtol=0, atol=1e-6)


def test_strength_interpolates_linearly() -> None:
    blue, red = two_pictures()
    content, style = color_moments(blue), color_moments(red)
    full, half = mk_color_transfer(content, style), mk_color_transfer(content, style, 0.5)
    torch.testing.assert_close(recolor(blue, half), (blue + recolor(blue, full)) / 2)
    each = mk_color_transfer(content, style, torch.tensor([[0.0], [1.0]]))
    torch.testing.assert_close(each[1], full[1])


def test_color_noise_is_not_amplified() -> None:
    noise = 0.5 + 1e-4 * random(1, 3, 30, 30)
    linear = mk_color_transfer(color_moments(noise), color_moments(two_pictures()[1][:1]))
    assert float(linear[:, :, :3].abs().max()) < 12


def test_mixed_moments_are_those_of_joined_pictures() -> None:
    a, b = random(1, 3, 4, 4), random(1, 3, 4, 4, seed=1) ** 2
    both = mix_color_moments([color_moments(a), color_moments(b)], [0.5, 0.5])
    torch.testing.assert_close(both.covariance, color_moments(torch.cat([a, b], 3)).covariance)


def test_slicing_is_grid_sample_in_three_dimensions() -> None:
    grid, guide = random(2, 12, 8, 5, 6), random(2, 1, 17, 13, seed=1)
    rows, columns = (torch.arange(n, dtype=torch.float64).add(0.5) / n * 2 - 1 for n in (17, 13))
    points = torch.stack(
        [
            columns.expand(2, 17, 13),
            rows[:, None].expand(2, 17, 13),
            guide[:, 0] * 2 - 1,
        ],
        -1,
    )
    expected = grid_sample(grid, points[:, None], padding_mode="border", align_corners=False)[:, :, 0]
    torch.testing.assert_close(slice_grid(grid, guide), expected)


def test_slicing_has_gradients() -> None:
    grid = random(1, 2, 3, 3, 2).requires_grad_()
    guide = (0.2 + 0.2 * random(1, 1, 3, 4, seed=1)).requires_grad_()
    assert torch.autograd.gradcheck(slice_grid, (grid, guide))


def test_affine_maps() -> None:
    picture, maps = random(2, 3, 4, 5), random(2, 12, 4, 5, seed=1)
    expected = torch.einsum("nijhw,njhw->nihw", maps.unflatten(1, (3, 4))[:, :, :3], picture)
    expected = expected + maps.unflatten(1, (3, 4))[:, :, 3]
    torch.testing.assert_close(apply_affine(picture, maps), expected)
    identity = torch.eye(3, 4, dtype=torch.float64).flatten().view(1, 12, 1, 1).expand(2, -1, 4, 5)
    torch.testing.assert_close(apply_affine(picture, identity), picture)


def test_banded_result_equals_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, grid, guide = random(2, 3, 17, 13), random(2, 12, 4, 5, 6), random(2, 1, 17, 13, seed=1)
    expected = apply_affine(picture, slice_grid(grid, guide))
    monkeypatch.setattr("bottega.layers.bilateral_grid.PIXELS_PER_BAND", 40)
    torch.testing.assert_close(apply_grid(picture, grid, guide), expected)
