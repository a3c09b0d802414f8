"""Activation normalization and data-dependent initialization."""

import pytest
import torch

from benchmarks.encoders.candidates import data_dependent_init
from bottega.encoders import VGGEncoder, normalize_activations

DEPTHS = (2, 2, 1)


def tiny(pooling="average", seed=0):
    torch.manual_seed(seed)
    layer_weights = {"relu1_1": 1.0}
    encoder = VGGEncoder(
        "tiny", (6, 8, 10), DEPTHS, content_layers=layer_weights, style_layers=layer_weights, pooling=pooling
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
def test_outputs_change_only_by_a_positive_factor_per_channel(pooling, pictures):
    encoder, original = tiny(pooling), tiny(pooling)
    normalize_activations(encoder, pictures)
    # Another picture than those from which the factors were computed.
    other = torch.rand(1, 3, 24, 31, generator=torch.Generator().manual_seed(2))
    normalized, reference = encoder(other, encoder.layers), original(other, encoder.layers)
    for name in encoder.layers:
        factor = original(pictures, [name])[name].mean(dim=(0, 2, 3))
        factor = torch.where(alive(original(pictures, [name])[name]), factor, torch.ones(()))
        scaled = reference[name] / factor.view(1, -1, 1, 1)
        assert torch.allclose(normalized[name], scaled, rtol=1e-3, atol=1e-4)
        assert torch.equal(normalized[name] > 1e-3, scaled > 1e-3)


def test_dead_channel_does_not_change(pictures):
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


def test_normalizing_twice_changes_nothing(pictures):
    once = normalize_activations(tiny(), pictures)
    state = {key: tensor.clone() for key, tensor in once.state_dict().items()}
    normalize_activations(once, pictures)
    for key, tensor in once.state_dict().items():
        assert torch.allclose(tensor, state[key], rtol=1e-4, atol=1e-6)


def test_data_dependent_weights_normalize_before_and_after_relu(pictures):
    encoder = data_dependent_init(tiny(), pictures, seed=4)
    outputs = {}
    for name, conv in zip(encoder.layers, encoder.convolutions(), strict=True):
        conv.register_forward_hook(lambda *args, name=name: outputs.__setitem__(name, args[2]))
    after = encoder(pictures, encoder.layers)
    for name in encoder.layers:
        mean, std = outputs[name].mean(dim=(0, 2, 3)), outputs[name].std(dim=(0, 2, 3))
        # The last factor scales mean 0 and deviation 1; a standard normal's ReLU has the mean 0.4.
        assert float((mean / std).abs().max()) < 0.02
        assert float(std.min()) > 1.5
        assert torch.allclose(after[name].mean(dim=(0, 2, 3)), torch.ones(len(mean)), atol=1e-4)


def test_seed_determines_data_dependent_weights(pictures):
    state = torch.get_rng_state()
    first, same, other = (
        data_dependent_init(tiny(seed=seed), pictures, seed=init_seed).state_dict()
        for seed, init_seed in ((0, 5), (9, 5), (0, 6))
    )
    assert all(torch.equal(first[key], same[key]) for key in first)
    assert not torch.allclose(first["features.0.weight"], other["features.0.weight"])
    torch.set_rng_state(state)
