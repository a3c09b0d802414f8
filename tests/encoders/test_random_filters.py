"""The baseline of random filters implements the encoder interface."""

import pytest
import torch

from bottega.encoders.random_filters import RandomFilters
from bottega.errors import SettingsError


def test_shapes_follow_channels_and_strides():
    encoder = RandomFilters(filters=5).frozen()
    features = encoder(torch.rand(2, 3, 37, 50), encoder.layers)
    for layer, values in features.items():
        stride = encoder.strides[layer]
        assert values.shape == (2, encoder.channels[layer], -(-37 // stride), -(-50 // stride))
        assert float(values.min()) == 0
        assert float(values.max()) > 0


def test_seed_determines_weights_and_global_state_is_unchanged():
    state = torch.get_rng_state()
    weights = [RandomFilters(4, seed=seed).filters["scale4"].weight for seed in (1, 1, 2)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    # Constructing a convolution draws its default weights; the caller's random state must not change.
    assert torch.equal(state, torch.get_rng_state())


def test_reach_bounds_the_receptive_field():
    encoder = RandomFilters(filters=3)
    picture = torch.rand(1, 3, 160, 160, generator=torch.Generator().manual_seed(0)).requires_grad_()
    for layer in encoder.layers:
        position = 80 // encoder.strides[layer]
        (gradient,) = torch.autograd.grad(
            encoder(picture, [layer])[layer][..., position, position].sum(), picture
        )
        nonzero = gradient.abs().sum((0, 1, 2)).nonzero().flatten()
        center = position * encoder.strides[layer]
        assert center - int(nonzero.min()) <= encoder.reach[layer]
        assert int(nonzero.max()) - center <= encoder.reach[layer]


def test_unknown_layers_are_rejected():
    with pytest.raises(SettingsError, match="scale1"):
        RandomFilters(2)(torch.rand(1, 3, 32, 32), ["relu1_1"])
