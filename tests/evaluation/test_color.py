"""CIEDE2000 against Sharma's published pairs; palettes on pictures whose colors are known."""

import numpy as np
import pytest
import torch

from bottega.errors import PictureError
from bottega.evaluation import ciede2000, color_accuracy, palette_distance, rgb_to_lab
from bottega.evaluation.metrics.color import palette_of_samples, sample_colors
from bottega.layers import rgb_to_oklab
from bottega.layers.palette import parse_palette

# Sharma, Wu & Dalal 2005, table 1: two CIELAB colors and their difference.
PAIRS = """
50 2.6772 -79.7751 50 0 -82.7485 2.0425
50 3.1571 -77.2803 50 0 -82.7485 2.8615
50 2.8361 -74.02 50 0 -82.7485 3.4412
50 -1.3802 -84.2814 50 0 -82.7485 1
50 -1.1848 -84.8006 50 0 -82.7485 1
50 -0.9009 -85.5211 50 0 -82.7485 1
50 0 0 50 -1 2 2.3669
50 -1 2 50 0 0 2.3669
50 2.49 -0.001 50 -2.49 0.0009 7.1792
50 2.49 -0.001 50 -2.49 0.001 7.1792
50 2.49 -0.001 50 -2.49 0.0011 7.2195
50 2.49 -0.001 50 -2.49 0.0012 7.2195
50 -0.001 2.49 50 0.0009 -2.49 4.8045
50 -0.001 2.49 50 0.001 -2.49 4.8045
50 -0.001 2.49 50 0.0011 -2.49 4.7461
50 2.5 0 50 0 -2.5 4.3065
50 2.5 0 73 25 -18 27.1492
50 2.5 0 61 -5 29 22.8977
50 2.5 0 56 -27 -3 31.9030
50 2.5 0 58 24 15 19.4535
50 2.5 0 50 3.1736 0.5854 1
50 2.5 0 50 3.2972 0 1
50 2.5 0 50 1.8634 0.5757 1
50 2.5 0 50 3.2592 0.335 1
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.248 -4.962 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.694 23.0331 14.973 -42.5619 2.0373
36.4612 47.858 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.441 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.135 0.9033 -0.0636 -0.5514 0.9082
"""


def test_ciede2000_agrees_with_the_published_pairs():
    table = torch.tensor([[float(word) for word in line.split()] for line in PAIRS.split("\n") if line])
    table = table.double().mul(1e4).round().div(1e4)  # the four digits as printed
    first, second, expected = table[:, :3], table[:, 3:6], table[:, 6]
    assert len(table) == 34
    torch.testing.assert_close(ciede2000(first, second), expected, rtol=0, atol=6e-5)
    torch.testing.assert_close(ciede2000(second, first), expected, rtol=0, atol=6e-5)


def test_ciede2000_broadcasts_and_is_nothing_for_equals():
    colors = rgb_to_lab(torch.rand(5, 3, generator=torch.Generator().manual_seed(0)))
    table = ciede2000(colors[:, None], colors[None])
    assert table.shape == (5, 5)
    assert table.diagonal().abs().max() < 1e-9


@pytest.mark.parametrize(("rgb", "lab"), [
    ((1, 1, 1), (100, 0, 0)),
    ((0, 0, 0), (0, 0, 0)),
    ((1, 0, 0), (53.24, 80.09, 67.20)),
    ((0, 0, 1), (32.30, 79.19, -107.86)),
])  # fmt: skip
def test_lab_of_known_colors(rgb, lab):
    result = rgb_to_lab(torch.tensor(rgb, dtype=torch.float32))
    torch.testing.assert_close(result, torch.tensor(lab, dtype=torch.float64), rtol=0, atol=0.02)


def halves(left, right, share=0.5, size=64):
    picture = torch.empty(1, 3, size, size)
    cut = round(share * size)
    picture[..., :cut] = torch.tensor(left).view(1, 3, 1, 1)
    picture[..., cut:] = torch.tensor(right).view(1, 3, 1, 1)
    return picture


def test_palette_of_a_picture_of_two_colors():
    blue, red = palette_of_samples(sample_colors(halves([0.8, 0.1, 0.1], [0.1, 0.1, 0.7], share=0.25)))
    assert (blue.share, red.share) == pytest.approx((0.75, 0.25))
    expected = rgb_to_oklab(torch.tensor([[0.1, 0.1, 0.7], [0.8, 0.1, 0.1]]).T[None, :, :, None])
    torch.testing.assert_close(
        torch.tensor([blue.oklab, red.oklab]), expected[0, :, :, 0].T, rtol=0, atol=1e-6
    )


def test_color_accuracy_is_what_recoloring_costs():
    red, blue = [204 / 255, 51 / 255, 51 / 255], [0.0, 51 / 255, 204 / 255]
    both = parse_palette(["#cc3333", "#0033cc"])
    assert color_accuracy(halves(red, blue), both) == pytest.approx(0, abs=1e-5)
    # A quarter of the area has to turn from red to blue.
    apart = ciede2000(*rgb_to_lab(torch.tensor([red, blue]))).item()
    assert color_accuracy(halves(red, blue, share=0.75), both) == pytest.approx(apart / 4, rel=1e-5)
    assert color_accuracy(halves(red, red), parse_palette(["0033cc"])) == pytest.approx(apart, rel=1e-5)
    shares = parse_palette(["#cc3333:3", "#0033cc:1"])
    assert color_accuracy(halves(red, blue, share=0.75), shares) == pytest.approx(0, abs=1e-5)


def test_palette_distance_is_a_distance():
    rng = torch.Generator().manual_seed(4)
    a, b = (palette_of_samples(torch.rand(300, 3, generator=rng) ** power) for power in (1, 3))
    assert palette_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert palette_distance(a, b) == pytest.approx(palette_distance(b, a), rel=1e-9)
    assert palette_distance(a, b) > 5


def test_other_shapes_have_no_samples():
    with pytest.raises(PictureError, match="one picture"):
        sample_colors(torch.zeros(2, 3, 8, 8))


def test_large_pictures_give_few_samples():
    samples = sample_colors(torch.rand(1, 3, 300, 200))
    assert len(samples) <= 1024
    assert np.isfinite(samples.numpy()).all()
