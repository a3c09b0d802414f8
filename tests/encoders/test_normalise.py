"""Channels of mean one, and random weights made as good as data alone can."""

import pytest
import torch

from bottega.encoders import VGGEncoder, data_dependent_init, normalize_activations

DEPTHS = (2, 2, 1)


def tiny(pooling="average", seed=0):
    torch.manual_seed(seed)
    shares = {"relu1_1": 1.0}
    encoder = VGGEncoder(
        "tiny", (6, 8, 10), DEPTHS, content_layers=shares, style_layers=shares, pooling=pooling
    )
    for conv in encoder.convolutions():
        conv.bias.data.abs_()  # so that most channels fire
    return encoder.frozen()


@pytest.fixture
def pictures():
    return torch.rand(3, 3, 33, 40, generator=torch.Generator().manual_seed(1))


def alive(features, quiet=1e-3):
    mean = features.mean(dim=(0, 2, 3))
    return mean > quiet * mean.mean()


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_every_channel_that_fires_has_mean_one(pooling, pictures):
    before = tiny(pooling)(pictures, tiny().layers)
    encoder = tiny(pooling)
    assert normalize_activations(encoder, pictures) is encoder
    for name, features in encoder(pictures, encoder.layers).items():
        mean = features.mean(dim=(0, 2, 3))
        firing = alive(before[name])
        assert int(firing.sum()) > len(firing) // 2
        assert torch.allclose(mean[firing], torch.ones(int(firing.sum())), atol=1e-4)


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_the_function_changes_by_a_positive_factor_per_channel_alone(pooling, pictures):
    encoder, original = tiny(pooling), tiny(pooling)
    normalize_activations(encoder, pictures)
    # Another picture than those that the factors were taken from.
    other = torch.rand(1, 3, 24, 31, generator=torch.Generator().manual_seed(2))
    here, there = encoder(other, encoder.layers), original(other, encoder.layers)
    for name in encoder.layers:
        factor = original(pictures, [name])[name].mean(dim=(0, 2, 3))
        factor = torch.where(alive(original(pictures, [name])[name]), factor, torch.ones(()))
        scaled = there[name] / factor.view(1, -1, 1, 1)
        assert torch.allclose(here[name], scaled, rtol=1e-3, atol=1e-4)
        assert torch.equal(here[name] > 1e-3, scaled > 1e-3)


def test_a_dead_channel_stays_as_it_is(pictures):
    encoder = tiny()
    second = encoder.convolutions()[1]
    second.bias.data[3] = -1e3
    dead = second.weight[3].clone()
    scale = encoder(pictures, ["relu1_1"])["relu1_1"].mean(dim=(0, 2, 3))
    normalize_activations(encoder, pictures)
    assert all(bool(parameter.isfinite().all()) for parameter in encoder.parameters())
    assert float(second.bias[3]) == -1e3
    # Only the factors of the layer before are divided out again.
    assert torch.allclose(second.weight[3], dead * scale.view(-1, 1, 1), rtol=1e-5)


def test_normalising_twice_changes_nothing_more(pictures):
    once = normalize_activations(tiny(), pictures)
    state = {key: tensor.clone() for key, tensor in once.state_dict().items()}
    normalize_activations(once, pictures)
    for key, tensor in once.state_dict().items():
        assert torch.allclose(tensor, state[key], rtol=1e-4, atol=1e-6)


def test_data_dependent_weights_standardise_before_and_average_after(pictures):
    encoder = data_dependent_init(tiny(), pictures, seed=4)
    seen = {}
    for name, conv in zip(encoder.layers, encoder.convolutions(), strict=True):
        conv.register_forward_hook(lambda *args, name=name: seen.__setitem__(name, args[2]))
    after = encoder(pictures, encoder.layers)
    for name in encoder.layers:
        mean, deviation = seen[name].mean(dim=(0, 2, 3)), seen[name].std(dim=(0, 2, 3))
        # The last factor scales mean 0 and deviation 1; a standard normal's ReLU has the mean 0.4.
        assert float((mean / deviation).abs().max()) < 0.02
        assert float(deviation.min()) > 1.5
        assert torch.allclose(after[name].mean(dim=(0, 2, 3)), torch.ones(len(mean)), atol=1e-4)


def test_data_dependent_weights_are_decided_by_their_seed(pictures):
    state = torch.get_rng_state()
    first, same, other = (
        data_dependent_init(tiny(seed=seed), pictures, seed=wanted).state_dict()
        for seed, wanted in ((0, 5), (9, 5), (0, 6))
    )
    assert all(torch.equal(first[key], same[key]) for key in first)
    assert not torch.allclose(first["features.0.weight"], other["features.0.weight"])
    torch.set_rng_state(state)
