"""Sharpness and edge agreement on pictures whose edges are known."""

import math

import numpy as np
import pytest
import torch
from scipy.special import erf

from bottega.errors import PictureError
from bottega.evaluation import edge_agreement, edge_width, laplacian_variance
from bottega.layers import gaussian_blur

WIDTH = math.sqrt(2 * math.pi)


def step(sigma, angle=0.0, low=0.2, high=0.8, size=64):
    """A straight edge, blurred by a Gaussian of the deviation ``sigma``: drawn from its formula."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    across = x * math.cos(angle) + y * math.sin(angle)
    values = low + (high - low) * 0.5 * (1 + erf(across / (sigma * math.sqrt(2))))
    return torch.from_numpy(values).float().expand(1, 3, -1, -1)


@pytest.mark.parametrize("angle", [0.0, 0.4, math.pi / 4, math.pi / 2])
@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
def test_edge_width_is_that_of_the_blur(sigma, angle):
    slanted = 0 < angle < math.pi / 2  # slopes across are seen through two pixels, so these come out wide
    result = edge_width(step(sigma, angle)).item()
    assert result == pytest.approx(WIDTH * sigma, rel=0.15 if slanted else 0.06)


def test_contrast_does_not_matter():
    strong, weak = edge_width(step(2.0)), edge_width(step(2.0, low=0.45, high=0.55))
    assert weak.item() == pytest.approx(strong.item(), rel=0.01)


def test_hard_steps_and_thin_lines_are_one_pixel_wide():
    hard = torch.zeros(1, 3, 64, 64)
    hard[..., 32:] = 1
    lines = torch.zeros(1, 3, 64, 64)
    lines[..., ::5, :] = 0.6
    assert edge_width(hard).item() == pytest.approx(1)
    assert edge_width(lines).item() == pytest.approx(1)


def test_blur_widens_edges_and_lowers_the_laplacian_variance(china):
    blurred = [gaussian_blur(china, sigma) for sigma in (0, 1, 2)]
    widths = [edge_width(picture).item() for picture in blurred]
    variances = [laplacian_variance(picture).item() for picture in blurred]
    assert widths == sorted(widths)
    assert widths[2] > 1.5 * widths[0]
    assert variances == sorted(variances, reverse=True)
    assert variances[2] < 0.1 * variances[0]


def test_flat_pictures_have_no_edges():
    result = edge_width(torch.cat([torch.full((1, 3, 32, 32), 0.5), step(1.5, size=32)]))
    assert math.isnan(result[0])
    assert result[1] > 0
    assert laplacian_variance(torch.full((1, 3, 32, 32), 0.5)).item() == pytest.approx(0, abs=1e-9)


def test_laplacian_variance_is_the_formula():
    picture = torch.rand(2, 3, 20, 24, generator=torch.Generator().manual_seed(0))
    luma = np.tensordot([0.2126, 0.7152, 0.0722], picture[1].double().numpy(), 1) * 255
    result = [
        luma[i - 1, j] + luma[i + 1, j] + luma[i, j - 1] + luma[i, j + 1] - 4 * luma[i, j]
        for i in range(1, 19)
        for j in range(1, 23)
    ]
    assert laplacian_variance(picture)[1].item() == pytest.approx(np.var(result), rel=1e-6)


@pytest.mark.parametrize("measure", [edge_width, laplacian_variance])
def test_small_pictures_are_refused(measure):
    with pytest.raises(PictureError, match="16 pixels"):
        measure(torch.zeros(1, 3, 15, 40))


@pytest.fixture(scope="module")
def china():
    from bottega.pictures import fit, photograph

    return fit(photograph("china").pixels, 256)


def grating(angle, size=64):
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    wave = 0.5 + 0.4 * torch.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / 12)
    return wave.expand(1, 3, size, size)


@pytest.mark.parametrize("degrees", [0, 20, 45, 70, 90])
def test_turned_gratings_agree_by_the_cosine_of_twice_the_angle(degrees):
    turn = np.deg2rad(degrees)
    # Central differences turn orientations by up to two degrees at this period.
    assert edge_agreement(grating(turn), grating(0)) == pytest.approx(np.cos(2 * turn), abs=0.06)


def test_contrast_and_color_do_not_matter():
    picture = grating(0.4)
    assert edge_agreement(picture, picture) == pytest.approx(1, abs=1e-9)
    assert edge_agreement(1 - 0.5 * picture, picture) == pytest.approx(1, abs=1e-9)


def test_unrelated_pictures_do_not_agree():
    a, b = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0)).split(1)
    assert abs(edge_agreement(a, b)) < 0.1


def test_edge_agreement_of_flat_and_of_unequal_pictures():
    flat = torch.full((1, 3, 32, 32), 0.5)
    assert edge_agreement(flat, flat) == 0
    with pytest.raises(PictureError):
        edge_agreement(flat, flat[..., :16])
