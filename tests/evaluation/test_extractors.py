"""Extractors: names, shapes, sizes, and that features are the means they claim to be."""

import pytest
import torch

from bottega import encoders
from bottega.errors import PictureError, SettingsError, WeightsError
from bottega.evaluation import extractor
from bottega.evaluation.extractors import center_square


def pictures(count=3, height=40, width=56):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1))


def test_small_is_the_mean_of_the_deepest_layer_of_the_square_in_the_middle():
    batch = pictures(2, 64, 80)
    middle = batch[..., 8:72]
    expected = encoders.load_encoder("small")(middle, ["relu4_3"])["relu4_3"].mean(dim=(2, 3))
    torch.testing.assert_close(extractor("small@64")(batch), expected)


@pytest.mark.parametrize(("name", "dimensions", "side"), [
    ("small", 256, 128),
    ("small:relu2_2+relu3_3@32", 64 + 128, 32),
    ("random", 256, 128),
    ("random:scale8@48", 64, 48),
])  # fmt: skip
def test_names(name, dimensions, side):
    result = extractor(name)
    assert (result.name, result.dimensions, result.side) == (name, dimensions, side)
    features = result(pictures(2))
    assert features.shape == (2, dimensions)
    assert not features.requires_grad


def test_random_extractor_is_reproducible_and_keeps_the_global_generator():
    torch.manual_seed(5)
    first = extractor("random")(pictures())
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), after)
    assert torch.equal(extractor("random")(pictures()), first)


def test_many_pictures_go_through_in_batches(monkeypatch):
    batch = pictures(5)
    whole = extractor("random@32")(batch)
    monkeypatch.setattr("bottega.evaluation.extractors.BATCH_SIZE", 2)
    torch.testing.assert_close(extractor("random@32")(batch), whole)
    assert extractor("random@32")(batch[:0]).shape == (0, 256)


def test_center_square():
    picture = torch.zeros(1, 3, 20, 40)
    picture[..., 10:30] = 1
    assert center_square(picture, 10).min() > 0.99


@pytest.mark.parametrize("name", ["", "small@8", "small@x", "a:b:c"])
def test_invalid_names(name):
    with pytest.raises(SettingsError):
        extractor(name)


def test_unknown_layers_and_weights():
    with pytest.raises(SettingsError, match="relu4_3"):
        extractor("small:deepest")
    with pytest.raises(WeightsError, match="Available: "):
        extractor("smal")


def test_other_shapes_are_refused():
    with pytest.raises(PictureError, match="1, 40, 40"):
        extractor("random")(torch.zeros(2, 1, 40, 40))
