"""The input check that all picture metrics share."""

import pytest
import torch

from bottega import encoders
from bottega.errors import PictureError
from bottega.evaluation import (
    PatchSample,
    edge_agreement,
    edge_width,
    extractor,
    laplacian_variance,
    ms_ssim,
    perceptual_distance,
    psnr,
    sliced_wasserstein,
    ssim,
    style_distance,
)
from bottega.evaluation.metrics.color import sample_colors

METRICS = {
    "psnr": lambda a, b: psnr(a, b),
    "ssim": lambda a, b: ssim(a, b),
    "ms_ssim": lambda a, b: ms_ssim(a, b),
    "edge_agreement": lambda a, b: edge_agreement(a, b),
    "sliced_wasserstein": lambda a, b: sliced_wasserstein(a, b),
    "perceptual_distance": lambda a, b: perceptual_distance(encoders.load_encoder("small"), a, b),
    "style_distance": lambda a, b: style_distance(encoders.load_encoder("small"), a, b),
    "edge_width": lambda a, b: edge_width(a),
    "laplacian_variance": lambda a, b: laplacian_variance(a),
    "extractor": lambda a, b: extractor("random@32")(a),
    "patches": lambda a, b: PatchSample(32).add(a),
    "sample_colors": lambda a, b: sample_colors(a),
}


@pytest.mark.parametrize("name", METRICS)
def test_8_bit_values_are_refused(name):
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with pytest.raises(PictureError, match=r"\[0, 1\].*255"):
        METRICS[name](255 * picture, 255 * picture)
    with pytest.raises(PictureError, match="uint8"):
        METRICS[name]((255 * picture).byte(), (255 * picture).byte())


@pytest.mark.parametrize("offset", [-1.0, 1.0, float("nan")])
def test_values_outside_the_range_are_refused_in_either_picture(offset):
    picture = torch.full((1, 3, 16, 16), 0.5)
    for pair in ((picture + offset, picture), (picture, picture + offset)):
        with pytest.raises(PictureError, match=r"\[0, 1\]"):
            psnr(*pair)


def test_rounding_beyond_the_range_is_accepted():
    assert ssim(torch.full((1, 3, 16, 16), 1.004), torch.ones(1, 3, 16, 16)) > 0.99
