"""The LPIPS-type distance and MS-SSIM against numpy."""

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d

from bottega import encoders
from bottega.errors import PictureError
from bottega.evaluate import ms_ssim, perceptual_distance


def pair(height=64, width=48, noise=0.1):
    generator = torch.Generator().manual_seed(3)
    picture = torch.rand(1, 3, height, width, generator=generator)
    picture = torch.nn.functional.avg_pool2d(picture, 5, 1, 2)
    return picture, (picture + noise * torch.randn(picture.shape, generator=generator)).clamp(0, 1)


def test_perceptual_distance_is_the_formula():
    encoder = encoders.load("small")
    a, b = pair()
    layers = list(encoder.own_style_layers)
    total = 0.0
    for layer in layers:
        x, y = (encoder(p, [layer])[layer][0].double().numpy() for p in (a, b))
        x, y = (v / np.sqrt((v**2).sum(axis=0) + 1e-20) for v in (x, y))
        total += ((x - y) ** 2).sum(axis=0).mean()
    found = perceptual_distance(encoder, torch.cat([a, a]), torch.cat([b, a]))
    assert found[0].item() == pytest.approx(total, rel=1e-5)
    assert found[1].item() == pytest.approx(0, abs=1e-9)


def test_perceptual_distance_grows_with_the_difference():
    encoder = encoders.load("small")
    near, far = (perceptual_distance(encoder, *pair(noise=noise)).item() for noise in (0.02, 0.2))
    assert 0 < near < far < 2 * len(encoder.own_style_layers)
    with pytest.raises(PictureError, match="one size"):
        perceptual_distance(encoder, torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 31))


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


def test_ms_ssim_is_the_paper_at_five_scales():
    a, b = pair(176, 192)
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
    a, b = pair(30, 30)
    w = np.array([0.0448, 0.2856])
    w = 1.0001 * w / w.sum()  # the sum of the paper's five
    products = []
    for x, y in zip(a[0].double().numpy(), b[0].double().numpy(), strict=True):
        products.append(terms(x, y)[1] ** w[0] * terms(halved(x), halved(y))[0] ** w[1])
    assert ms_ssim(a, b) == pytest.approx(np.mean(products), abs=1e-9)


def test_ms_ssim_ends_and_refusals():
    a, b = pair(176, 176)
    assert ms_ssim(a, a) == pytest.approx(1, abs=1e-12)
    assert ms_ssim(a, 1 - a) == 0
    with pytest.raises(PictureError, match="11"):
        ms_ssim(torch.zeros(1, 3, 10, 40), torch.zeros(1, 3, 10, 40))
    with pytest.raises(PictureError, match="one size"):
        ms_ssim(a, b[..., :100])
