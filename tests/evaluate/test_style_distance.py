"""The style distance over an encoder: zero to itself, layer weights, and an independent Gram computation."""

import pytest
import torch

from bottega.encoders import build
from bottega.errors import SettingsError
from bottega.evaluate import compare_styles, measure_style, style_distance, style_target

TERMS = ["gram", "wasserstein", "sliced"]


@pytest.fixture(scope="module")
def encoder():
    return build("small").frozen()


@pytest.fixture(scope="module")
def pictures():
    generator = torch.Generator().manual_seed(0)
    rough = torch.rand(1, 3, 48, 48, generator=generator)
    smooth = torch.nn.functional.avg_pool2d(torch.rand(1, 3, 52, 52, generator=generator), 5, 1)
    return rough, smooth


@pytest.mark.parametrize("term", TERMS)
def test_zero_to_itself_and_more_to_another(encoder, pictures, term):
    rough, smooth = pictures
    apart = style_distance(encoder, rough, smooth, term=term)
    # float32 statistics: the Wasserstein distance of equal ones is the rounding of a difference of roots.
    assert style_distance(encoder, rough, rough, term=term) == pytest.approx(0, abs=1e-3 * apart)
    assert apart > 0.01


def test_gram_distance_by_hand(encoder, pictures):
    rough, smooth = pictures
    expected = 0.0
    for layer, weight in encoder.own_style_layers.items():
        grams = []
        for picture in (rough, smooth):
            x = encoder(picture, [layer])[layer][0].flatten(1).double()
            grams.append(x @ x.T / x.shape[1])
        square = ((grams[0] - grams[1]) ** 2).sum()
        expected += weight * float(square / (grams[1] ** 2).sum())
    assert style_distance(encoder, rough, smooth, term="gram") == pytest.approx(expected, rel=1e-4)


def test_measuring_once_gives_the_same(encoder, pictures):
    a, b = (measure_style(encoder, picture, term="sliced") for picture in pictures)
    assert compare_styles(encoder, a, style_target(b)) == style_distance(encoder, *pictures, term="sliced")


def test_terms_must_be_known_and_equal(encoder, pictures):
    with pytest.raises(SettingsError, match="wasserstein"):
        style_distance(encoder, *pictures, term="euclid")
    a = measure_style(encoder, pictures[0], term="gram")
    b = measure_style(encoder, pictures[1], term="sliced")
    with pytest.raises(SettingsError, match="gram"):
        compare_styles(encoder, a, style_target(b))
