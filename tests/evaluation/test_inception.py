"""Inception-v3 of FID figures: the published layout, and a forward pass written out with bare functions."""

import pytest
import torch
from torch.nn import functional as F

from bottega import weights
from bottega.errors import SettingsError, WeightsError
from bottega.evaluation import extractor
from bottega.evaluation.extractors import squeeze_legacy
from bottega.evaluation.inception import Inception

# Keras' InceptionV3 without its top: 21,768,352 trained (no scales in its norms) over 17,216 channels.
PARAMETERS = 21_768_352 + 17_216


@pytest.fixture(scope="module")
def state():
    """Seeded values that keep activations alive, in the published layout with classifier and counters."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(3)
    state = {}
    for key, value in empty().state_dict().items():
        if key.endswith("conv.weight"):
            state[key] = torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5
        elif key.endswith(("running_var", "bn.weight")):
            state[key] = torch.rand(value.shape, generator=generator) * 0.5 + 0.5
        else:
            state[key] = torch.randn(value.shape, generator=generator) * 0.1
    counter = {"Mixed_7c.branch1x1.bn.num_batches_tracked": torch.tensor(0)}
    return state | counter | {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}


def published(state, x):
    """The graph of December 2015, written from its description."""

    def unit(x, key, stride=1, padding=0):
        x = F.conv2d(x, state[f"{key}.conv.weight"], stride=stride, padding=padding)
        gain = state[f"{key}.bn.weight"] / torch.sqrt(state[f"{key}.bn.running_var"] + 0.001)
        shift = state[f"{key}.bn.bias"] - state[f"{key}.bn.running_mean"] * gain
        return torch.relu(x * gain.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1))

    def average(x):
        ones = torch.ones_like(x[:1, :1])
        return 9 * F.avg_pool2d(x, 3, 1, 1) / (9 * F.avg_pool2d(ones, 3, 1, 1))

    x = unit(x * 255 / 128 - 1, "Conv2d_1a_3x3", 2)
    x = unit(unit(x, "Conv2d_2a_3x3"), "Conv2d_2b_3x3", padding=1)
    x = unit(unit(F.max_pool2d(x, 3, 2), "Conv2d_3b_1x1"), "Conv2d_4a_3x3")
    x = F.max_pool2d(x, 3, 2)
    for at in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
        five = unit(unit(x, f"{at}.branch5x5_1"), f"{at}.branch5x5_2", padding=2)
        three = unit(unit(x, f"{at}.branch3x3dbl_1"), f"{at}.branch3x3dbl_2", padding=1)
        three = unit(three, f"{at}.branch3x3dbl_3", padding=1)
        x = torch.cat([unit(x, f"{at}.branch1x1"), five, three, unit(average(x), f"{at}.branch_pool")], 1)
    double = unit(unit(x, "Mixed_6a.branch3x3dbl_1"), "Mixed_6a.branch3x3dbl_2", padding=1)
    double = unit(double, "Mixed_6a.branch3x3dbl_3", 2)
    x = torch.cat([unit(x, "Mixed_6a.branch3x3", 2), double, F.max_pool2d(x, 3, 2)], 1)
    for at in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
        seven = unit(unit(x, f"{at}.branch7x7_1"), f"{at}.branch7x7_2", padding=(0, 3))
        seven = unit(seven, f"{at}.branch7x7_3", padding=(3, 0))
        double = unit(unit(x, f"{at}.branch7x7dbl_1"), f"{at}.branch7x7dbl_2", padding=(3, 0))
        double = unit(double, f"{at}.branch7x7dbl_3", padding=(0, 3))
        double = unit(double, f"{at}.branch7x7dbl_4", padding=(3, 0))
        double = unit(double, f"{at}.branch7x7dbl_5", padding=(0, 3))
        x = torch.cat([unit(x, f"{at}.branch1x1"), seven, double, unit(average(x), f"{at}.branch_pool")], 1)
    three = unit(unit(x, "Mixed_7a.branch3x3_1"), "Mixed_7a.branch3x3_2", 2)
    seven = unit(unit(x, "Mixed_7a.branch7x7x3_1"), "Mixed_7a.branch7x7x3_2", padding=(0, 3))
    seven = unit(unit(seven, "Mixed_7a.branch7x7x3_3", padding=(3, 0)), "Mixed_7a.branch7x7x3_4", 2)
    x = torch.cat([three, seven, F.max_pool2d(x, 3, 2)], 1)
    for at, pool in (("Mixed_7b", average), ("Mixed_7c", lambda x: F.max_pool2d(x, 3, 1, 1))):
        three = unit(x, f"{at}.branch3x3_1")
        double = unit(unit(x, f"{at}.branch3x3dbl_1"), f"{at}.branch3x3dbl_2", padding=1)
        parts = [unit(x, f"{at}.branch1x1")]
        for whole, key in ((three, "branch3x3_2"), (double, "branch3x3dbl_3")):
            parts += [
                unit(whole, f"{at}.{key}a", padding=(0, 1)),
                unit(whole, f"{at}.{key}b", padding=(1, 0)),
            ]
        x = torch.cat([*parts, unit(pool(x), f"{at}.branch_pool")], 1)
    return x.mean(dim=(2, 3))


def empty():
    with torch.device("meta"):
        return Inception()


def test_the_network_is_the_published_one(state):
    network = empty()
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMETERS
    assert weights.entry("inception").parameters == PARAMETERS
    network.load_features(state)
    x = torch.rand(1, 3, 139, 107, generator=torch.Generator().manual_seed(0))  # 3 × 2 positions at the end
    expected = published(state, x)
    assert expected.std() > 0.01
    for mode in (True, False):
        torch.testing.assert_close(network.train(mode)(x), expected, rtol=1e-4, atol=1e-4)


def test_wrong_weights_are_refused(state):
    with pytest.raises(WeightsError, match=r"Mixed_6e\.branch_pool\.conv\.weight is missing"):
        empty().load_features({k: v for k, v in state.items() if k != "Mixed_6e.branch_pool.conv.weight"})
    with pytest.raises(WeightsError, match="has the shape"):
        empty().load_features(state | {"Conv2d_1a_3x3.conv.weight": torch.zeros(3)})


def test_a_converted_file_becomes_an_extractor(state, tmp_path, monkeypatch):
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="bottega models pull inception"):
        extractor("inception")
    halved = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
    torch.save(halved, tmp_path / "pt_inception.pth")
    weights.convert(tmp_path / "pt_inception.pth", tmp_path / "inception.safetensors")
    converted, configuration = weights.load_file(tmp_path / "inception.safetensors")
    metadata = {"kind": "features", "license": "none", "provenance": "random values of a test"}
    weights.register("inception", converted, configuration, architecture="inception", **metadata)
    result = extractor("inception@80")
    network = empty()
    network.load_features(halved)
    pictures = torch.rand(1, 3, 80, 80, generator=torch.Generator().manual_seed(1))
    assert (result.dimensions, result.name) == (2048, "inception@80")
    torch.testing.assert_close(result(pictures), network(pictures).detach())
    assert extractor("inception-legacy@80")(pictures).shape == (1, 2048)
    with pytest.raises(SettingsError, match="75"):
        extractor("inception@64")
    with pytest.raises(SettingsError, match="last features"):
        extractor("inception:Mixed_7b")


def test_legacy_resizing_reads_where_tensorflow_did():
    row = torch.tensor([0.0, 1.0, 4.0, 9.0]).view(1, 1, 1, 4).expand(1, 3, 4, 4) / 9
    result = squeeze_legacy(row, 6)[0, 0, 0] * 9
    # At 0, 2/3, 4/3, 2, 8/3 and 10/3 of the old pixels; beyond the last one the last.
    expected = torch.tensor([0, 2 / 3, 2, 4, 4 + 10 / 3, 9])
    torch.testing.assert_close(result, expected, rtol=1e-5, atol=1e-5)
