"""The baseline of random filters keeps to the contract of encoders."""

import pytest
import torch

from bottega.encoders.random_filters import RandomFilters
from bottega.errors import SettingsError


def test_shapes_follow_channels_and_strides():
    encoder = RandomFilters(filters=5).frozen()
    features = encoder(torch.rand(2, 3, 37, 50), encoder.layers)
    for layer, found in features.items():
        stride = encoder.strides[layer]
        assert found.shape == (2, encoder.channels[layer], -(-37 // stride), -(-50 // stride))
        assert float(found.min()) == 0
        assert float(found.max()) > 0


def test_the_seed_decides_and_the_global_one_is_left_alone():
    state = torch.get_rng_state()
    weights = [RandomFilters(4, seed=seed).filters["scale4"].weight for seed in (1, 1, 2)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    # Constructing a convolution draws its default weights; the caller's own draws must not move.
    assert torch.equal(state, torch.get_rng_state())


def test_reach_bounds_what_a_feature_sees():
    encoder = RandomFilters(filters=3)
    picture = torch.rand(1, 3, 160, 160, generator=torch.Generator().manual_seed(0)).requires_grad_()
    for layer in encoder.layers:
        place = 80 // encoder.strides[layer]
        (gradient,) = torch.autograd.grad(encoder(picture, [layer])[layer][..., place, place].sum(), picture)
        seen = gradient.abs().sum((0, 1, 2)).nonzero().flatten()
        centre = place * encoder.strides[layer]
        assert centre - int(seen.min()) <= encoder.reach[layer]
        assert int(seen.max()) - centre <= encoder.reach[layer]


def test_only_known_layers():
    with pytest.raises(SettingsError, match="scale1"):
        RandomFilters(2)(torch.rand(1, 3, 32, 32), ["relu1_1"])
