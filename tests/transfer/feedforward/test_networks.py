"""Networks from the literature: one style, several styles, arbitrary styles by an encoder."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from benchmarks.transfer.microast import MicroASTShaped
from bottega import encoders
from bottega.encoders import VGGEncoder
from bottega.errors import PictureError, SettingsError
from bottega.layers import channel_moments
from bottega.transfer.feedforward import AdaINNet, MultiStyleNet, TransformerNet


def picture(seed: int, height: int = 37, width: int = 50, count: int = 1) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def tiny_encoder() -> VGGEncoder:
    torch.manual_seed(0)
    return VGGEncoder(
        "tiny", (4, 6, 8), (1, 2, 2), content_layers={"relu3_1": 1.0}, style_layers={"relu1_1": 1.0}
    )


def adain() -> AdaINNet:
    torch.manual_seed(0)
    return AdaINNet(tiny_encoder()).eval()


@pytest.mark.parametrize("size", [(1, 1), (5, 30), (37, 50)])
def test_sizes(size: tuple[int, int]) -> None:
    content = picture(0, *size, count=2)
    multi, any_style = MultiStyleNet(["a", "b"], width=4, blocks=1), adain()
    baseline = MicroASTShaped().eval()
    with torch.no_grad():
        results = [
            TransformerNet(width=4, blocks=1)(content),
            multi(content, multi.style_vector({"a": 1})),
            any_style(content, [any_style.encode(picture(1, 24, 40, 2))]),
            baseline(content, baseline.encode(picture(1, 24, 40, 2))),
        ]
    for result in results:
        assert result.shape == content.shape
        assert float(result.min()) >= 0
        assert float(result.max()) <= 1


def test_parameter_counts() -> None:
    """As published: 1.68 M and 0.472 M; a style of many costs two numbers per normalized channel."""
    assert parameters(TransformerNet()) == 1_679_235
    assert parameters(MicroASTShaped()) == pytest.approx(472_000, abs=500)
    one, two = MultiStyleNet(["a"]), MultiStyleNet(["a", "b"])
    assert parameters(one) == parameters(TransformerNet())
    assert parameters(two) - parameters(one) == 2 * (2 * (32 + 64) + 11 * 128)
    small = AdaINNet("small")
    assert small.layer == "relu4_1"
    # relu4_1 back to pixels: 256-128, 128-128 twice, 128-64, 64-64, 64-32, 32-32, 32-3.
    pairs = [(256, 128), (128, 128), (128, 128), (128, 64), (64, 64), (64, 32), (32, 32), (32, 3)]
    assert parameters(small) == sum(9 * a * b + b for a, b in pairs)


def test_multi_style_network_with_one_style_equals_transformer() -> None:
    one, many = TransformerNet(width=4, blocks=1), MultiStyleNet(["a"], width=4, blocks=1)
    many.convolutions.load_state_dict(one.convolutions.state_dict())
    x = picture(0, 16, 20, count=2)
    torch.testing.assert_close(one(x), many(x, many.style_vector({"a": 1})))


def test_gradients_reach_every_parameter() -> None:
    multi, any_style = MultiStyleNet(["a", "b"], width=4, blocks=1), adain().train()
    x = picture(0, 16, 16)
    single = TransformerNet(width=4, blocks=1)
    for network, result in (
        (single, single(x)),
        (multi, multi(x, multi.style_vector({"a": 1, "b": 2}))),
        (any_style, any_style(x, [any_style.encode(picture(1, 16, 16))])),
    ):
        torch.autograd.backward((result * picture(2, 16, 16)).sum())
        # A bias before a normalization has no effect, and so no gradient but rounding.
        assert all(parameter.grad is not None for parameter in network.parameters())
    assert all(parameter.grad is None for parameter in any_style.encoder.parameters())


def blending() -> MultiStyleNet:
    torch.manual_seed(0)
    network = MultiStyleNet(["a", "b", "c"], width=4, blocks=1).eval()
    with torch.no_grad():
        for norm in network.norms:
            torch.nn.init.normal_(norm.gain)
            torch.nn.init.normal_(norm.shift)
    return network


def test_styles_blend() -> None:
    network, x = blending(), picture(0, 16, 20, count=2)
    vector = network.style_vector({"a": 1, "c": 3})
    torch.testing.assert_close(vector, torch.tensor([[0.25, 0.0, 0.75]]))
    a, c = (network(x, network.style_vector({name: 1})).detach() for name in "ac")
    near = network(x, network.style_vector({"a": 999, "c": 1})).detach()
    assert float((near - a).abs().mean()) < 0.05 * float((a - c).abs().mean())
    each = network(x, torch.tensor([[1.0, 0, 0], [0, 0, 1.0]]))
    torch.testing.assert_close(each, torch.stack([a[0], c[1]]))


def test_added_style_leaves_the_others_unchanged() -> None:
    network, x = blending(), picture(0, 16, 16)
    before = network(x, network.style_vector({"b": 1})).detach()
    count = parameters(network)
    fitted = network.add_style("d", like={"a": 1})
    assert network.styles == ("a", "b", "c", "d")
    assert parameters(network) - count == 2 * sum(norm.gain.shape[1] for norm in network.norms)
    assert {id(p) for p in network.parameters() if p.requires_grad} == {id(p) for p in fitted}
    torch.testing.assert_close(
        network(x, network.style_vector({"d": 1})), network(x, network.style_vector({"a": 1}))
    )
    optimizer = torch.optim.Adam(fitted, lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        mixture = network(x, network.style_vector({"b": 1, "d": 1}))
        torch.autograd.backward((mixture - 0.2).square().sum())
        optimizer.step()
    assert torch.equal(network(x, network.style_vector({"b": 1})), before)
    changed = network(x, network.style_vector({"d": 1})).detach()
    assert float((changed - before).abs().mean()) > 0.01
    with pytest.raises(SettingsError, match="name of its own"):
        network.add_style("a")


def test_adain_features_have_the_moments_of_the_style() -> None:
    network, content, code = adain(), picture(0, 40, 48), adain().encode(picture(1, 64, 64))
    inputs: list[Tensor] = []
    network.decoder.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
    network(content, [code])
    moments = channel_moments(inputs[0])
    torch.testing.assert_close(moments.mean, code.mean, rtol=1e-3, atol=1e-3)
    # The variance's floor weighs where a channel is silent.
    alive = code.std > 0.05
    torch.testing.assert_close(moments.std[alive], code.std[alive], rtol=2e-2, atol=0)
    network(content, [code], alpha=0.0)
    torch.testing.assert_close(inputs[1], network.features(content))
    mixture = adain().encode(picture(2, 64, 64))
    network(content, [code, mixture], weights=[1, 3])
    target = 0.25 * code.mean + 0.75 * mixture.mean
    torch.testing.assert_close(channel_moments(inputs[2]).mean, target, rtol=1e-3, atol=1e-3)


def test_adain_by_region() -> None:
    network, content = adain(), picture(0, 40, 48)
    left = torch.zeros(1, 1, 40, 48)
    left[..., :24] = 1
    code, other = network.encode(picture(1)), network.encode(0.2 * picture(2))
    with torch.no_grad():
        both = network(content, [code, other], masks=[left, 1 - left])
        ones = network(content, [code], masks=[torch.ones_like(left)])
        whole = network(content, [code])
    torch.testing.assert_close(ones, whole, rtol=0, atol=1e-5)
    assert float((both - whole)[..., 28:].abs().mean()) > 1e-4
    with pytest.raises(SettingsError, match="2 styles need as many masks"):
        network(content, [code, other], masks=[left])
    with pytest.raises(PictureError, match="mask is empty"):
        network(content, [code], masks=[0 * left])
    with pytest.raises(PictureError, match=r"\(1, 1, 40, 48\)"):
        network(content, [code], masks=[left[..., 1:]])


def test_encoder_is_neither_trained_nor_saved() -> None:
    network = adain()
    assert all(name.startswith("decoder.") for name in network.state_dict())
    assert all(not parameter.requires_grad for parameter in network.encoder.parameters())
    assert network.double().encoder.dtype == torch.float64
    with pytest.raises(SettingsError, match="mirrors a plain encoder"):
        AdaINNet(encoders.build_encoder("squeezenet"))


def test_microast_code_is_reusable() -> None:
    network = MicroASTShaped().eval()
    with torch.no_grad():
        code = network.encode(picture(1))
        stylized = network(picture(0), code)
        assert torch.equal(stylized, network(picture(0), code))
        assert float((stylized - network(picture(0), code, 0.0)).abs().mean()) > 1e-4


def test_invalid_arguments() -> None:
    x, multi = picture(0), MultiStyleNet(["a", "b"], width=4, blocks=1)
    with pytest.raises(PictureError, match="content picture"):
        TransformerNet(width=4)(x[0])
    with pytest.raises(SettingsError, match='no style "z"; it has a, b'):
        multi.style_vector({"z": 1})
    with pytest.raises(SettingsError, match=r"shape \(1, 2\), not \(1, 3\)"):
        multi(x, torch.ones(1, 3))
    with pytest.raises(SettingsError, match="not all zero"):
        multi.style_vector({"a": 0})
    with pytest.raises(SettingsError, match="at least one style"):
        MultiStyleNet([])
    with pytest.raises(SettingsError, match='"a" occurs twice'):
        MultiStyleNet(["a", "b", "a"])
    with pytest.raises(SettingsError, match="alpha must be between 0 and 1"):
        adain()(x, [channel_moments(x)], alpha=2)
