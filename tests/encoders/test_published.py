"""Published encoders load torchvision's layout and compute what the papers define, without their files.

The layouts below are written from the papers by rule, and the forward passes with bare functions, so that
the reference is independent.
"""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from bottega import weights
from bottega.encoders import ENCODERS, build_encoder, load_encoder
from bottega.errors import SettingsError, WeightsError

NAMES = ("vgg16", "vgg19", "squeezenet", "resnet50")
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def conv(name, out_channels, in_channels, kernel, bias=True):
    yield f"{name}.weight", (out_channels, in_channels, kernel, kernel)
    if bias:
        yield f"{name}.bias", (out_channels,)


def norm(name, channels):
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (channels,)
    yield f"{name}.num_batches_tracked", ()


def vgg_layout(third):
    in_channels, index = 3, 0
    for width, depth in ((64, 2), (128, 2), (256, third), (512, third), (512, third)):
        for _ in range(depth):
            yield from conv(f"features.{index}", width, in_channels, 3)
            in_channels, index = width, index + 2
        index += 1
    for number, (out, into) in {0: (4096, 25088), 3: (4096, 4096), 6: (1000, 4096)}.items():
        yield f"classifier.{number}.weight", (out, into)
        yield f"classifier.{number}.bias", (out,)


def squeezenet_layout():
    yield from conv("features.0", 64, 3, 3)
    in_channels = 64
    for index, (small, large) in SQUEEZENET_FIRES.items():
        yield from conv(f"features.{index}.squeeze", small, in_channels, 1)
        yield from conv(f"features.{index}.expand1x1", large, small, 1)
        yield from conv(f"features.{index}.expand3x3", large, small, 3)
        in_channels = 2 * large
    yield from conv("classifier.1", 1000, 512, 1)


SQUEEZENET_FIRES = {
    3: (16, 64),
    4: (16, 64),
    6: (32, 128),
    7: (32, 128),
    9: (48, 192),
    10: (48, 192),
    11: (64, 256),
    12: (64, 256),
}


def resnet_layout():
    yield from conv("conv1", 64, 3, 7, bias=False)
    yield from norm("bn1", 64)
    in_channels = 64
    for stage, (width, depth) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), start=1):
        for block in range(depth):
            prefix = f"layer{stage}.{block}"
            yield from conv(f"{prefix}.conv1", width, in_channels, 1, bias=False)
            yield from norm(f"{prefix}.bn1", width)
            yield from conv(f"{prefix}.conv2", width, width, 3, bias=False)
            yield from norm(f"{prefix}.bn2", width)
            yield from conv(f"{prefix}.conv3", 4 * width, width, 1, bias=False)
            yield from norm(f"{prefix}.bn3", 4 * width)
            if block == 0:
                yield from conv(f"{prefix}.downsample.0", 4 * width, in_channels, 1, bias=False)
                yield from norm(f"{prefix}.downsample.1", 4 * width)
            in_channels = 4 * width
    yield "fc.weight", (1000, 2048)
    yield "fc.bias", (1000,)


LAYOUTS = {
    "vgg16": lambda: vgg_layout(3),
    "vgg19": lambda: vgg_layout(4),
    "squeezenet": squeezenet_layout,
    "resnet50": resnet_layout,
}
# As the publisher counts them, with the classifier.
PARAMETERS = {"vgg16": 138_357_544, "vgg19": 143_667_240, "squeezenet": 1_235_496, "resnet50": 25_557_032}
CLASSIFIERS = ("classifier.", "fc.")


def state_of(name):
    """A state dict of the published layout with seeded values that preserve activations; no classifier."""
    generator = torch.Generator().manual_seed(11)
    state = {}
    for key, shape in LAYOUTS[name]():
        if key.startswith(CLASSIFIERS):
            continue
        if key.endswith("num_batches_tracked"):
            state[key] = torch.tensor(1)
        elif len(shape) == 4:
            fan = shape[1] * shape[2] * shape[3]
            state[key] = torch.randn(shape, generator=generator) * (2 / fan) ** 0.5
        elif key.endswith(("running_var", ".weight")):
            state[key] = torch.rand(shape, generator=generator) * 0.5 + 0.5
        else:
            state[key] = torch.randn(shape, generator=generator) * 0.1
    return state


@pytest.fixture(scope="module")
def states():
    return {name: state_of(name) for name in NAMES}


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def loaded(name, states, **options):
    encoder = ENCODERS[name](**options)
    encoder.load_features(states[name])
    return encoder.frozen()


def picture(height, width, seed=0):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", NAMES)
def test_state_dict_has_the_published_layout(name, states):
    layout = dict(LAYOUTS[name]())
    learned = sum(
        torch.Size(shape).numel()
        for key, shape in layout.items()
        if not key.endswith(("running_mean", "running_var", "num_batches_tracked"))
    )
    assert learned == PARAMETERS[name]
    own = {key: tuple(tensor.shape) for key, tensor in ENCODERS[name]().state_dict().items()}
    expected = {
        key: shape
        for key, shape in layout.items()
        if not key.startswith(CLASSIFIERS) and not key.endswith("num_batches_tracked")
    }
    assert own == expected
    count = sum(tensor.numel() for tensor in ENCODERS[name]().parameters())
    assert count == weights.entry(name).parameters


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_is_loaded(name, states):
    encoder = loaded(name, states)
    for key, tensor in encoder.state_dict().items():
        assert torch.equal(tensor, states[name][key]), key


@pytest.mark.parametrize("name", NAMES)
def test_wrong_states_are_rejected_without_changes(name, states):
    encoder = build_encoder(name, seed=1)
    before = {key: tensor.clone() for key, tensor in encoder.state_dict().items()}
    last = list(before)[-1]
    missing = {key: tensor for key, tensor in states[name].items() if key != last}
    with pytest.raises(WeightsError, match=f"{last} is missing"):
        encoder.load_features(missing)
    with pytest.raises(WeightsError, match="has the shape"):
        encoder.load_features(states[name] | {last: torch.zeros(7)})
    assert all(torch.equal(tensor, before[key]) for key, tensor in encoder.state_dict().items())


def vgg_forward(state, x, pool, third):
    """Features by layer; ``x`` already scaled; the first border is repeated, as the class says it does."""
    features, index = {}, 0
    for stage, depth in enumerate((2, 2, third, third, third), start=1):
        for number in range(1, depth + 1):
            if index == 0:
                x = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), state["features.0.weight"])
                x = F.relu(x + state["features.0.bias"].view(1, -1, 1, 1))
            else:
                x = F.conv2d(x, state[f"features.{index}.weight"], state[f"features.{index}.bias"], padding=1)
                x = F.relu(x)
            features[f"relu{stage}_{number}"] = x
            index += 2
        x, index = pool(x, 2, 2), index + 1
    return features


def squeezenet_forward(state, x, pool):
    """As published, without any extension of the far border."""
    x = F.relu(F.conv2d(x, state["features.0.weight"], state["features.0.bias"], stride=2))
    features = {"relu1": x}
    for number, index in enumerate(SQUEEZENET_FIRES, start=2):
        if index in (3, 6, 9):
            x = pool(x, 3, 2, ceil_mode=True)
        prefix = f"features.{index}"
        small = F.relu(F.conv2d(x, state[f"{prefix}.squeeze.weight"], state[f"{prefix}.squeeze.bias"]))
        one = F.conv2d(small, state[f"{prefix}.expand1x1.weight"], state[f"{prefix}.expand1x1.bias"])
        three = F.conv2d(
            small, state[f"{prefix}.expand3x3.weight"], state[f"{prefix}.expand3x3.bias"], padding=1
        )
        x = F.relu(torch.cat([one, three], 1))
        features[f"fire{number}"] = x
    return features


def resnet_forward(state, x, pool):
    def normed(x, prefix):
        mean, var = state[f"{prefix}.running_mean"], state[f"{prefix}.running_var"]
        gain = state[f"{prefix}.weight"] / torch.sqrt(var + 1e-5)
        return x * gain.view(1, -1, 1, 1) + (state[f"{prefix}.bias"] - mean * gain).view(1, -1, 1, 1)

    x = F.relu(normed(F.conv2d(x, state["conv1.weight"], stride=2, padding=3), "bn1"))
    features = {"relu1": x}
    x = pool(x)
    for stage, depth in enumerate((3, 4, 6, 3), start=1):
        for block in range(depth):
            prefix, shortcut = f"layer{stage}.{block}", x
            stride = 2 if stage > 1 and block == 0 else 1
            x = F.relu(normed(F.conv2d(x, state[f"{prefix}.conv1.weight"]), f"{prefix}.bn1"))
            x = F.conv2d(x, state[f"{prefix}.conv2.weight"], stride=stride, padding=1)
            x = F.relu(normed(x, f"{prefix}.bn2"))
            x = normed(F.conv2d(x, state[f"{prefix}.conv3.weight"]), f"{prefix}.bn3")
            if block == 0:
                shortcut = F.conv2d(shortcut, state[f"{prefix}.downsample.0.weight"], stride=stride)
                shortcut = normed(shortcut, f"{prefix}.downsample.1")
            x = F.relu(x + shortcut)
        features[f"layer{stage}"] = x
    return features


def close(features, expected):
    assert torch.allclose(features, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
    assert float(expected.std()) > 0


@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize(("name", "third"), [("vgg16", 3), ("vgg19", 4)])
def test_vgg_computes_the_paper(name, third, pooling, states):
    x = picture(48, 64)
    pool = {"average": F.avg_pool2d, "max": F.max_pool2d}[pooling]
    expected = vgg_forward(states[name], (x - MEAN) / STD, pool, third)
    encoder = loaded(name, states, pooling=pooling)
    assert tuple(expected) == encoder.layers
    for layer, features in encoder(x, encoder.layers).items():
        close(features, expected[layer])


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_squeezenet_computes_the_published_net_away_from_the_far_border(pooling, states):
    x = picture(288, 256)
    pool = {"average": F.avg_pool2d, "max": F.max_pool2d}[pooling]
    expected = squeezenet_forward(states["squeezenet"], (x - MEAN) / STD, pool)
    encoder = loaded("squeezenet", states, pooling=pooling)
    assert tuple(expected) == encoder.layers
    for layer, features in encoder(x, encoder.layers).items():
        stride, reach = encoder.strides[layer], encoder.reach[layer]
        height, width = ((side - reach - 1) // stride + 1 for side in (288, 256))
        assert height > 3
        close(features[..., :height, :width], expected[layer][..., :height, :width])


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_resnet_computes_the_paper(pooling, states):
    def average(x):
        return F.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False)

    x = picture(64, 96)
    pool = average if pooling == "average" else lambda x: F.max_pool2d(x, 3, 2, padding=1)
    expected = resnet_forward(states["resnet50"], (x - MEAN) / STD, pool)
    encoder = loaded("resnet50", states, pooling=pooling)
    assert tuple(expected) == encoder.layers
    for layer, features in encoder(x, encoder.layers).items():
        close(features, expected[layer])


@pytest.mark.parametrize("size", [(33, 50), (64, 64), (1, 1), (2, 67)])
@pytest.mark.parametrize("name", NAMES)
def test_shapes_follow_channels_and_strides(name, size, states):
    encoder = loaded(name, states)
    height, width = size
    for layer, features in encoder(picture(height, width).expand(2, -1, -1, -1), encoder.layers).items():
        stride = encoder.strides[layer]
        assert features.shape == (2, encoder.channels[layer], -(-height // stride), -(-width // stride))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_deeper_than_requested_is_computed(name, states):
    encoder = loaded(name, states)
    calls = []
    for key, module in encoder.named_modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda *_, key=key: calls.append(key))
    counts = []
    for layer in encoder.layers:
        calls.clear()
        assert list(encoder(picture(32, 32), [layer])) == [layer]
        counts.append(len(calls))
    assert counts[0] == 1
    assert counts == sorted(set(counts))
    assert counts[-1] == sum(isinstance(module, torch.nn.Conv2d) for module in encoder.modules())


@pytest.mark.parametrize("name", ["squeezenet", "resnet50"])
def test_reach_bounds_the_receptive_field(name, states):
    encoder = loaded(name, states, pooling="average")
    side = 288
    x = picture(side, side).requires_grad_()
    for layer in encoder.layers:
        if encoder.reach[layer] > side // 2:  # the receptive field of layer4 is too large for a test picture
            continue
        stride, reach = encoder.strides[layer], encoder.reach[layer]
        position = side // 2 // stride
        (gradient,) = torch.autograd.grad(encoder(x, [layer])[layer][..., position, position].sum(), x)
        counts = gradient.abs().sum((0, 1, 2)).nonzero().flatten()
        center = position * stride
        assert center - int(counts.min()) <= reach
        assert int(counts.max()) - center <= reach
        assert max(center - int(counts.min()), int(counts.max()) - center) > reach // 3


@pytest.mark.parametrize("name", NAMES)
def test_half_width_arithmetic(name, states):
    x, layer = picture(64, 64), list(ENCODERS[name]().style_layers)[2]
    full = loaded(name, states)(x, [layer])[layer]
    half = loaded(name, states).to(torch.bfloat16)(x, [layer])[layer]
    assert half.dtype == torch.bfloat16
    assert F.cosine_similarity(full.flatten(), half.float().flatten(), dim=0) > 0.99


@pytest.mark.parametrize("name", NAMES)
def test_training_mode_changes_nothing(name, states):
    encoder, x = loaded(name, states), picture(32, 32)
    layer = encoder.layers[-1]
    before = encoder(x, [layer])[layer]
    assert torch.equal(before, encoder.train()(x, [layer])[layer])


@pytest.mark.parametrize("name", NAMES)
def test_default_layers_exist(name):
    encoder = ENCODERS[name]()
    for layer_weights in (encoder.content_layers, encoder.style_layers):
        assert set(layer_weights) <= set(encoder.layers)
        assert sum(layer_weights.values()) == pytest.approx(1)
    with pytest.raises(SettingsError, match=encoder.layers[0]):
        encoder(picture(32, 32), ["conv1_1"])


def test_load_by_name(tmp_path, monkeypatch, states):
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="bottega models pull squeezenet"):
        load_encoder("squeezenet")
    metadata = {"kind": "encoder", "license": "none", "provenance": "random values of a test"}
    half = {key: tensor.half() for key, tensor in states["squeezenet"].items()}
    configuration = {"architecture": "squeezenet"}
    weights.register("mine", half, configuration, architecture="squeezenet", **metadata)
    encoder = load_encoder("mine", pooling="average")
    assert encoder.dtype == torch.float32
    assert not any(parameter.requires_grad for parameter in encoder.parameters())
    assert torch.equal(encoder.state_dict()["features.0.bias"], half["features.0.bias"].float())
    weights.register("other", half, {"architecture": "oracle"}, architecture="oracle", **metadata)
    with pytest.raises(WeightsError, match='"oracle", not for an encoder'):
        load_encoder("other")
    weights.register("torn", {"features.0.bias": torch.ones(64)}, configuration, architecture="", **metadata)
    with pytest.raises(WeightsError, match="do not fit the encoder squeezenet"):
        load_encoder("torn")
