"""Distances by an encoder's features against direct computations."""

import numpy as np
import pytest
import torch

from bottega import encoders
from bottega.encoders import build_encoder
from bottega.errors import PictureError, SettingsError
from bottega.evaluation import (
    compare_styles,
    measure_style,
    perceptual_distance,
    style_distance,
    style_target,
    style_variation,
    style_vectors,
)


def pair(height=64, width=48, noise=0.1):
    generator = torch.Generator().manual_seed(3)
    picture = torch.rand(1, 3, height, width, generator=generator)
    picture = torch.nn.functional.avg_pool2d(picture, 5, 1, 2)
    return picture, (picture + noise * torch.randn(picture.shape, generator=generator)).clamp(0, 1)


def test_perceptual_distance_is_the_formula():
    encoder = encoders.load_encoder("small")
    a, b = pair()
    layers = list(encoder.network_style_layers)
    total = 0.0
    for layer in layers:
        x, y = (encoder(p, [layer])[layer][0].double().numpy() for p in (a, b))
        x, y = (v / np.sqrt((v**2).sum(axis=0) + 1e-20) for v in (x, y))
        total += ((x - y) ** 2).sum(axis=0).mean()
    result = perceptual_distance(encoder, torch.cat([a, a]), torch.cat([b, a]))
    assert result[0].item() == pytest.approx(total, rel=1e-5)
    assert result[1].item() == pytest.approx(0, abs=1e-9)


def test_perceptual_distance_grows_with_the_difference():
    encoder = encoders.load_encoder("small")
    near, far = (perceptual_distance(encoder, *pair(noise=noise)).item() for noise in (0.02, 0.2))
    assert 0 < near < far < 2 * len(encoder.network_style_layers)
    with pytest.raises(PictureError, match="one size"):
        perceptual_distance(encoder, torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 31))


TERMS = ["gram", "wasserstein", "sliced"]


@pytest.fixture(scope="module")
def encoder():
    return build_encoder("small").frozen()


@pytest.fixture(scope="module")
def pictures():
    generator = torch.Generator().manual_seed(0)
    rough = torch.rand(1, 3, 48, 48, generator=generator)
    smooth = torch.nn.functional.avg_pool2d(torch.rand(1, 3, 52, 52, generator=generator), 5, 1)
    return rough, smooth


@pytest.mark.parametrize("term", TERMS)
def test_style_distance_is_zero_to_itself_and_more_to_another(encoder, pictures, term):
    rough, smooth = pictures
    apart = style_distance(encoder, rough, smooth, term=term)
    # float32 statistics: the Wasserstein distance of equal ones is the rounding of a difference of roots.
    assert style_distance(encoder, rough, rough, term=term) == pytest.approx(0, abs=1e-3 * apart)
    assert apart > 0.01


def test_gram_distance_by_hand(encoder, pictures):
    rough, smooth = pictures
    expected = 0.0
    for layer, weight in encoder.network_style_layers.items():
        grams = []
        for picture in (rough, smooth):
            x = encoder(picture, [layer])[layer][0].flatten(1).double()
            grams.append(x @ x.T / x.shape[1])
        square = ((grams[0] - grams[1]) ** 2).sum()
        expected += weight * float(square / (grams[1] ** 2).sum())
    assert style_distance(encoder, rough, smooth, term="gram") == pytest.approx(expected, rel=1e-4)


def test_comparing_measured_styles_gives_the_same(encoder, pictures):
    a, b = (measure_style(encoder, picture, term="sliced") for picture in pictures)
    assert compare_styles(encoder, a, style_target(b)) == style_distance(encoder, *pictures, term="sliced")


def test_terms_must_be_known_and_equal(encoder, pictures):
    with pytest.raises(SettingsError, match="wasserstein"):
        style_distance(encoder, *pictures, term="euclid")
    a = measure_style(encoder, pictures[0], term="gram")
    b = measure_style(encoder, pictures[1], term="sliced")
    with pytest.raises(SettingsError, match="gram"):
        compare_styles(encoder, a, style_target(b))


def rows(n=12, d=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)) + 0.3


def test_style_vectors_are_means_and_deviations_of_the_style_layers():
    encoder = encoders.load_encoder("small")
    pictures = torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(0))
    vectors = style_vectors(encoder, pictures)
    layers = list(encoder.network_style_layers)
    first = encoder(pictures, layers)[layers[0]][1].flatten(1)
    channels = encoder.channels[layers[0]]
    torch.testing.assert_close(vectors[1, :channels], first.mean(1))
    torch.testing.assert_close(vectors[1, channels : 2 * channels], first.std(1, correction=0))
    assert vectors.shape == (2, 2 * sum(encoder.channels[layer] for layer in layers))


def test_style_variation():
    reference = rows(40, 6)
    assert style_variation(reference, reference) == pytest.approx(1)
    assert style_variation(7 + 0.5 * reference, reference) == pytest.approx(0.5)
    assert style_variation(np.repeat(reference[:1], 5, axis=0), reference) == pytest.approx(0, abs=1e-12)
    expected = np.sqrt((rows(9, 6, 3).var(0, ddof=1) / reference.var(0, ddof=1)).mean())
    assert style_variation(rows(9, 6, 3), reference) == pytest.approx(expected)
    with pytest.raises(SettingsError, match="All pictures"):
        style_variation(reference, np.ones((5, 6)))
    with pytest.raises(SettingsError, match="two pictures"):
        style_variation(reference[:1], reference)
