from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import torch

from bottega.errors import PictureError, SettingsError
from bottega.layers import (
    extract_patches,
    gaussian_blur,
    laplacian_pyramid,
    oklab_to_rgb,
    reduce_mask,
    rgb_to_oklab,
)
from bottega.layers.filters import pyramid_upsample


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("sigma", [0.4, 1.0, 3.3])
@pytest.mark.parametrize("size", [(20, 31), (5, 4), (1, 9)])
def test_blur_equals_scipy(sigma: float, size: tuple[int, int]) -> None:
    x = random(2, 3, *size)
    radius = max(1, int(np.ceil(3 * sigma)))
    expected = scipy.ndimage.gaussian_filter(
        x.numpy(), (0, 0, sigma, sigma), mode="mirror", radius=(0, 0, radius, radius)
    )
    np.testing.assert_allclose(gaussian_blur(x, sigma).numpy(), expected, atol=1e-12)


def test_blur_keeps_type_flat_pictures_and_gradients() -> None:
    assert gaussian_blur(random(1, 1, 4, 4).float(), 1.0).dtype == torch.float32
    torch.testing.assert_close(
        gaussian_blur(torch.full((1, 3, 9, 9), 0.3), 2.0), torch.full((1, 3, 9, 9), 0.3)
    )
    x = random(1, 2, 4, 5)
    assert gaussian_blur(x, 0) is x
    assert torch.autograd.gradcheck(lambda p: gaussian_blur(p, 0.8), (x.requires_grad_(),))


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (5, 3), (1, 1)])
def test_pyramid_bands_add_up_to_the_picture(size: tuple[int, int]) -> None:
    x = random(2, 3, *size)
    bands = laplacian_pyramid(x, 4)
    assert len(bands) == 4
    assert bands[-1].shape[-2:] == tuple(-(-side // 8) for side in size)
    picture = bands[-1]
    for band in reversed(bands[:-1]):
        picture = band + pyramid_upsample(picture, band.shape[-2], band.shape[-1])
    torch.testing.assert_close(picture, x, rtol=0, atol=1e-14)


def test_pyramid_separates_scales() -> None:
    """A fine wave is in the first band, a slow one in the rest; a flat picture is in the rest alone."""
    positions = torch.arange(64, dtype=torch.float64)
    fine = torch.sin(positions * torch.pi * 0.9).expand(1, 1, 64, 64)
    slow = torch.cos(positions * torch.pi / 63).expand(1, 1, 64, 64)
    power = [float(band.square().mean()) for band in laplacian_pyramid(fine, 4)]
    assert power[0] > 100 * max(power[1:])
    power = [float(band.square().mean()) for band in laplacian_pyramid(slow, 4)]
    assert power[3] > 100 * max(power[:3])
    flat = laplacian_pyramid(torch.full((1, 3, 33, 20), 0.4, dtype=torch.float64), 3)
    torch.testing.assert_close(flat[2], torch.full_like(flat[2], 0.4))
    assert float(flat[0].abs().max()) < 1e-12
    with pytest.raises(SettingsError, match="at least one level"):
        laplacian_pyramid(fine, 0)


def test_patches() -> None:
    x = random(2, 3, 6, 8)
    rows = extract_patches(x, 3)
    assert rows.shape == (2, 4 * 6, 27)
    windows = np.lib.stride_tricks.sliding_window_view(x.numpy(), (3, 3), axis=(2, 3))
    expected = windows.transpose(0, 2, 3, 1, 4, 5).reshape(2, 24, 27)
    np.testing.assert_array_equal(rows.numpy(), expected)
    with pytest.raises(PictureError, match="8 × 6 pixels has no patch of 7 × 7"):
        extract_patches(x, 7)


def test_reduced_masks_are_area_means() -> None:
    mask = random(1, 1, 10, 7)
    small = reduce_mask(mask, 4)
    assert small.shape == (1, 1, 3, 2)
    assert float(small[0, 0, 0, 0]) == pytest.approx(float(mask[..., :4, :4].mean()))
    assert float(small[0, 0, 2, 1]) == pytest.approx(float(mask[..., 8:, 4:].mean()))
    torch.testing.assert_close(reduce_mask(mask, 1), mask)
    assert float(reduce_mask(torch.ones(1, 1, 11, 5), 8).min()) == 1


def test_oklab_of_reference_colors() -> None:
    """White, black, mid gray and the primaries, as Ottosson's page and CSS Color 4's samples give them."""
    reference = {
        (1.0, 1.0, 1.0): (1.0, 0.0, 0.0),
        (0.0, 0.0, 0.0): (0.0, 0.0, 0.0),
        (1.0, 0.0, 0.0): (0.62796, 0.22486, 0.12585),
        (0.0, 1.0, 0.0): (0.86644, -0.23389, 0.17950),
        (0.0, 0.0, 1.0): (0.45201, -0.03246, -0.31153),
    }
    for rgb, lab in reference.items():
        result = rgb_to_oklab(torch.tensor(rgb, dtype=torch.float64).view(1, 3, 1, 1)).flatten()
        # Black is off by the cube root of the small number that keeps its slope finite.
        np.testing.assert_allclose(result.numpy(), lab, atol=1.1e-3 if rgb == (0, 0, 0) else 2e-5)


def test_oklab_round_trip() -> None:
    x = random(1, 3, 20, 20)
    torch.testing.assert_close(oklab_to_rgb(rgb_to_oklab(x)), x, rtol=0, atol=1e-8)
    torch.testing.assert_close(oklab_to_rgb(rgb_to_oklab(x.float())), x.float(), rtol=0, atol=1e-5)
    corners = torch.tensor([[r, g, b] for r in (0.0, 1.0) for g in (0.0, 1.0) for b in (0.0, 1.0)])
    corners = corners.T.reshape(1, 3, 2, 4)
    torch.testing.assert_close(oklab_to_rgb(rgb_to_oklab(corners)), corners, rtol=0, atol=1e-4)


def test_oklab_gradients() -> None:
    x = (random(1, 3, 3, 3) * 0.9 + 0.06).requires_grad_()
    assert torch.autograd.gradcheck(rgb_to_oklab, (x,))
    lab = rgb_to_oklab(x).detach().requires_grad_()
    assert torch.autograd.gradcheck(oklab_to_rgb, (lab,))
    black = torch.zeros(1, 3, 2, 2, requires_grad=True)
    rgb_to_oklab(black).sum().backward()
    assert black.grad is not None
    assert bool(torch.isfinite(black.grad).all())
