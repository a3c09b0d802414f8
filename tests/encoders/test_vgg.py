"""VGG-style encoders: names, shapes, reach, pooling, batch-norm folding, arithmetic."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bottega.encoders import VGGEncoder, build_encoder
from bottega.encoders.registry import small
from bottega.errors import SettingsError, WeightsError

DEPTHS = (2, 2, 3, 3)
NAMES = tuple(
    f"relu{stage}_{index}" for stage, depth in enumerate(DEPTHS, 1) for index in range(1, depth + 1)
)


def tiny(widths=(4, 5, 6, 7), **options):
    layer_weights = {"relu1_1": 1.0, "relu4_1": 3.0}
    torch.manual_seed(0)
    return VGGEncoder(
        "tiny", widths, DEPTHS, content_layers=layer_weights, style_layers=layer_weights, **options
    )


def picture(height, width, count=1, seed=0):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_layers_are_named_as_in_the_literature():
    encoder = tiny()
    assert encoder.layers == NAMES
    assert [encoder.channels[name] for name in NAMES] == [4, 4, 5, 5, 6, 6, 6, 7, 7, 7]
    assert [encoder.strides[name] for name in NAMES] == [1, 1, 2, 2, 4, 4, 4, 8, 8, 8]
    assert encoder.content_layers == {"relu1_1": 0.25, "relu4_1": 0.75}


@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize("size", [(32, 48), (33, 47), (1, 1), (1, 9), (7, 130)])
def test_odd_rows_and_columns_are_kept(size, pooling):
    height, width = size
    features = tiny(pooling=pooling)(picture(height, width, count=2), NAMES)
    assert set(features) == set(NAMES)
    for stage, depth in enumerate(DEPTHS):
        for index in range(1, depth + 1):
            shape = features[f"relu{stage + 1}_{index}"].shape
            assert shape == (2, 4 + stage, -(-height // 2**stage), -(-width // 2**stage))


def test_nothing_deeper_than_the_deepest_requested_layer_runs():
    encoder, ran = tiny(), []
    for index, conv in enumerate(encoder.convolutions()):
        conv.register_forward_hook(lambda *_, index=index: ran.append(index))
    features = encoder(picture(16, 16), ["relu3_2", "relu1_1"])
    assert ran == [0, 1, 2, 3, 4, 5]
    assert set(features) == {"relu1_1", "relu3_2"}


def test_layers_computed_together_or_alone_are_equal():
    encoder = tiny()
    together = encoder(picture(20, 20), NAMES)
    for name in NAMES:
        assert torch.equal(together[name], encoder(picture(20, 20), [name])[name])


@pytest.mark.parametrize("layers", [["relu9_1"], ["relu1_1", "conv1_1"]])
def test_unknown_layer_error_lists_the_layers(layers):
    with pytest.raises(SettingsError, match=rf"tiny has no layer '{layers[-1]}'.*relu1_1.*relu4_3"):
        tiny()(picture(8, 8), layers)


def test_empty_layers_are_rejected():
    with pytest.raises(SettingsError, match="Name at least one"):
        tiny()(picture(8, 8), [])


def test_unknown_default_layers_are_rejected():
    with pytest.raises(SettingsError, match="relu5_1"):
        VGGEncoder("x", (2, 2), (1, 1), content_layers={"relu5_1": 1}, style_layers={"relu1_1": 1})


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_pooling_at_an_odd_border_uses_only_its_pixels(pooling):
    encoder = tiny(pooling=pooling)
    x = picture(5, 7)
    before = encoder(x, ["relu1_2"])["relu1_2"]
    combine = {"average": torch.mean, "max": torch.amax}[pooling]
    pooled = torch.zeros(1, 4, 3, 4)
    for row in range(3):
        for column in range(4):
            block = before[:, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            pooled[:, :, row, column] = combine(block, dim=(2, 3))
    third = encoder.convolutions()[2]
    expected = F.relu(F.conv2d(pooled, third.weight, third.bias, padding=1))
    assert torch.allclose(encoder(x, ["relu2_1"])["relu2_1"], expected, atol=1e-6)


def test_average_and_max_agree_on_flat_features_and_differ_elsewhere():
    average, largest = tiny(pooling="average"), tiny(pooling="max")
    largest.load_state_dict(average.state_dict())
    x = picture(16, 16)
    assert torch.equal(average(x, ["relu1_2"])["relu1_2"], largest(x, ["relu1_2"])["relu1_2"])
    assert not torch.allclose(average(x, ["relu2_1"])["relu2_1"], largest(x, ["relu2_1"])["relu2_1"])


def test_picture_is_normalized_and_its_border_repeated():
    encoder, x = tiny(), picture(6, 9)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    first = encoder.convolutions()[0]
    padded = F.pad((x - mean) / std, (1, 1, 1, 1), mode="replicate")
    expected = F.relu(F.conv2d(padded, first.weight, first.bias))
    assert torch.allclose(encoder(x, ["relu1_1"])["relu1_1"], expected, atol=1e-6)


@torch.no_grad()
def all_ones(pooling):
    """An encoder whose weights are ones without biases, so that an impulse reaches every layer."""
    encoder = tiny((1, 1, 1, 1), pooling=pooling).double().eval()
    for conv in encoder.convolutions():
        conv.weight.fill_(1)
        conv.bias.zero_()
    return encoder


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_reach_is_the_exact_receptive_radius(pooling):
    encoder, side = all_ones(pooling), 257
    gray = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).view(1, 3, 1, 1)
    offsets = {name: set() for name in NAMES}
    # Eight adjacent pixels cover every position within the largest stride.
    for pixel in range(120, 128):
        x = encoder.get_buffer("_mean").expand(1, 3, 1, side).clone()
        assert torch.allclose(x, gray)
        x[..., pixel] += 1
        for name, features in encoder(x, NAMES).items():
            positions = features[0, 0, 0].nonzero().flatten() * encoder.strides[name]
            offsets[name] |= {pixel - int(position) for position in positions}
    for name in NAMES:
        reach, stride = encoder.reach[name], encoder.strides[name]
        # From a feature's first pixel: that far to the right; to the left less the rest of its stride.
        assert max(offsets[name]) == reach
        assert min(offsets[name]) == -(reach - stride + 1)


def test_reach_of_vgg19_by_hand():
    encoder = build_encoder("vgg19")
    # relu1_1: 1; each pooling adds its stride, each convolution the stride behind it.
    assert encoder.reach["relu1_1"] == 1
    assert encoder.reach["relu2_1"] == 1 + 1 + 1 + 2
    assert encoder.reach["relu4_2"] == (2 + 1) + (4 + 2) + (16 + 4) + 2 * 8


def test_batch_norm_folds_into_the_convolutions():
    encoder = tiny(batch_norm=True)
    generator = torch.Generator().manual_seed(3)
    for module in encoder.features:
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in (
                (module.weight, 0.5, 2),
                (module.bias, -1, 1),
                (module.running_mean, -1, 1),
                (module.running_var, 0.1, 3),
            ):
                tensor.data.uniform_(low, high, generator=generator)
    folded = encoder.eval().fold_batch_norm()
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert folded.layers == encoder.layers
    x = picture(21, 30, count=2)
    folded.frozen()
    for name, features in encoder.frozen()(x, NAMES).items():
        assert float(features.std()) > 0
        scale = float(features.abs().max())
        assert torch.allclose(folded(x, [name])[name], features, rtol=1e-4, atol=1e-5 * scale)


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_folding_keeps_the_pooling_and_the_layer_weights(pooling):
    encoder = tiny(batch_norm=True, pooling=pooling)
    folded = encoder.fold_batch_norm()
    assert folded.pooling == pooling
    assert folded.style_layers == encoder.style_layers


def test_gradients_reach_the_picture_and_not_the_weights():
    encoder, x = tiny().frozen(), picture(16, 16).requires_grad_()
    features = encoder(x, ["relu2_1", "relu4_3"])
    sum(f.sum() for f in features.values()).backward()
    assert x.grad is not None
    assert float(x.grad.abs().max()) > 0
    assert all(parameter.grad is None for parameter in encoder.parameters())
    assert not encoder.training


def test_gradient_against_differences():
    encoder, x = tiny().double().frozen(), picture(6, 6).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: encoder(p, ["relu3_1"])["relu3_1"], x)


def test_bfloat16_is_near_float32():
    encoder, x = tiny((16, 16, 16, 16)).frozen(), picture(32, 32)
    full = encoder(x, NAMES)
    encoder.to(torch.bfloat16)
    assert encoder.dtype == torch.bfloat16
    for name, features in encoder(x, NAMES).items():
        assert features.dtype == torch.bfloat16
        assert F.cosine_similarity(full[name].flatten(), features.float().flatten(), dim=0) > 0.999


def test_pictures_of_another_float_type_are_converted():
    encoder, x = tiny(), picture(16, 16)
    features = encoder(x.double(), ["relu2_2"])["relu2_2"]
    assert features.dtype == torch.float32
    assert torch.allclose(features, encoder(x, ["relu2_2"])["relu2_2"], atol=1e-5)


def test_state_is_numbered_like_published_files():
    # A convolution and a ReLU count two, a pooling one.
    numbers, position = [], 0
    for depth in DEPTHS:
        numbers += [position + 2 * index for index in range(depth)]
        position += 2 * depth + 1
    keys = [f"features.{number}.{part}" for number in numbers for part in ("weight", "bias")]
    assert list(tiny().state_dict()) == keys


def test_weights_of_another_shape_change_nothing():
    encoder = tiny()
    before = {key: tensor.clone() for key, tensor in encoder.state_dict().items()}
    other = {key: tensor + 1 for key, tensor in before.items()}
    other["features.2.weight"] = torch.ones(4, 4, 5, 5)
    with pytest.raises(WeightsError, match=r"features\.2\.weight has the shape \(4, 4, 5, 5\)"):
        encoder.load_features(other)
    assert all(torch.equal(tensor, before[key]) for key, tensor in encoder.state_dict().items())


def test_seed_determines_weights_and_global_state_is_unchanged():
    state = torch.get_rng_state()
    one, same, other = (build_encoder("small", seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(one["features.0.weight"], other["features.0.weight"])
    assert torch.equal(state, torch.get_rng_state())


def test_small_encoder_has_the_documented_size():
    encoder = small()
    assert sum(parameter.numel() for parameter in encoder.parameters()) == pytest.approx(1.9e6, rel=0.03)
    assert encoder.layers == NAMES
    for weights in (encoder.content_layers, encoder.style_layers):
        assert sum(weights.values()) == pytest.approx(1)
