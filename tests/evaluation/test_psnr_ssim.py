"""PSNR, SSIM and MS-SSIM against direct numpy and scipy computations."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d

from bottega.errors import PictureError
from bottega.evaluation import ms_ssim, psnr, ssim


def pair(height=40, width=33):
    generator = torch.Generator().manual_seed(3)
    picture = torch.rand(1, 3, height, width, generator=generator)
    return picture, (picture + 0.1 * torch.randn(picture.shape, generator=generator)).clamp(0, 1)


def ssim_by_definition(x, y):
    """Wang et al. 2004 on one channel: every window as an explicit two-dimensional weighted sum."""
    offset = np.arange(11) - 5
    window = np.exp(-(offset[:, None] ** 2 + offset[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(values):
        return convolve2d(values, window, mode="valid")

    mx, my = mean(x), mean(y)
    vx, vy, c = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    return (((2 * mx * my + c1) * (2 * c + c2)) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean()


def test_psnr_of_a_known_error():
    gray = torch.full((1, 3, 4, 4), 0.5)
    assert psnr(gray, gray + 0.1) == pytest.approx(20, abs=1e-5)
    assert psnr(gray, gray) == math.inf


def test_ssim_equals_the_direct_computation():
    a, b = pair()
    direct = np.mean(
        [ssim_by_definition(x, y) for x, y in zip(a[0].double().numpy(), b[0].double().numpy(), strict=True)]
    )
    assert ssim(a, b) == pytest.approx(direct, abs=1e-10)
    assert 0.1 < ssim(a, b) < 0.99


def test_ssim_of_equal_and_of_inverted_pictures():
    a, _ = pair()
    assert ssim(a, a) == pytest.approx(1, abs=1e-12)
    assert ssim(a, 1 - a) < 0


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_other_shapes_are_refused(measure):
    with pytest.raises(PictureError, match="one size"):
        measure(torch.zeros(1, 3, 20, 20), torch.zeros(1, 3, 20, 1))


def test_ssim_needs_a_whole_window():
    with pytest.raises(PictureError, match="11"):
        ssim(torch.zeros(1, 3, 10, 40), torch.zeros(1, 3, 10, 40))


def textured_pair(height=64, width=48, noise=0.1):
    generator = torch.Generator().manual_seed(3)
    picture = torch.rand(1, 3, height, width, generator=generator)
    picture = torch.nn.functional.avg_pool2d(picture, 5, 1, 2)
    return picture, (picture + noise * torch.randn(picture.shape, generator=generator)).clamp(0, 1)


def terms(x, y):
    """Means over all windows of l · c · s and of c · s, one channel, as explicit weighted sums."""
    offset = np.arange(11) - 5
    window = np.exp(-(offset[:, None] ** 2 + offset[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(values):
        return convolve2d(values, window, mode="valid")

    mx, my = mean(x), mean(y)
    vx, vy, c = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    structure = (2 * c + 0.0009) / (vx + vy + 0.0009)
    return (structure * (2 * mx * my + 0.0001) / (mx**2 + my**2 + 0.0001)).mean(), structure.mean()


def halved(x):
    x = x[: len(x) // 2 * 2, : len(x[0]) // 2 * 2]
    return (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4


def test_ms_ssim_equals_its_definition_at_five_scales():
    a, b = textured_pair(176, 192)
    weights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]
    products = []
    for x, y in zip(a[0].double().numpy(), b[0].double().numpy(), strict=True):
        product = 1.0
        for scale, weight in enumerate(weights):
            whole, structure = terms(x, y)
            product *= (whole if scale == 4 else structure) ** weight
            x, y = halved(x), halved(y)
        products.append(product)
    assert ms_ssim(a, b) == pytest.approx(np.mean(products), abs=1e-9)
    assert 0.2 < ms_ssim(a, b) < 0.99


def test_ms_ssim_of_small_pictures_uses_the_scales_they_have():
    a, b = textured_pair(30, 30)
    w = np.array([0.0448, 0.2856])
    w = 1.0001 * w / w.sum()  # the sum of the paper's five
    products = []
    for x, y in zip(a[0].double().numpy(), b[0].double().numpy(), strict=True):
        products.append(terms(x, y)[1] ** w[0] * terms(halved(x), halved(y))[0] ** w[1])
    assert ms_ssim(a, b) == pytest.approx(np.mean(products), abs=1e-9)


def test_ms_ssim_of_extremes_and_invalid_pictures():
    a, b = textured_pair(176, 176)
    assert ms_ssim(a, a) == pytest.approx(1, abs=1e-12)
    assert ms_ssim(a, 1 - a) == 0
    with pytest.raises(PictureError, match="11"):
        ms_ssim(torch.zeros(1, 3, 10, 40), torch.zeros(1, 3, 10, 40))
    with pytest.raises(PictureError, match="one size"):
        ms_ssim(a, b[..., :100])
