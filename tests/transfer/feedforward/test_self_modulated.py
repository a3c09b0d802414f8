"""Self-modulated networks: what holds by construction, for both kinds."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.layers import gaussian_blur, mk_color_transfer
from bottega.transfer.feedforward import MicroNet, PhotoNet, SelfModulatedNet, StyleTarget, mix_style_codes
from bottega.transfer.feedforward.graph import gate


def picture(seed: int, height: int = 45, width: int = 70) -> Tensor:
    """Smooth waves and grain, colored unlike one another."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 5, 7, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    return (0.8 * smooth + 0.2 * torch.rand(1, 3, height, width, generator=generator)).clamp(0, 1)


def trained(kind: type[SelfModulatedNet]) -> SelfModulatedNet:
    """As if trained: the last layer, zero at first, has weights, and channels follow unlike one another."""
    torch.manual_seed(0)
    network = kind(fine=8, coarse=12)
    for parameter in (network.modulations[0].gain, network.modulations[1].shift):
        torch.nn.init.normal_(parameter, std=0.2)
    torch.nn.init.normal_(network.head.weight, std=0.03 if kind is MicroNet else 0.2)
    return network.eval().requires_grad_(False)


@pytest.fixture(params=[MicroNet, PhotoNet])
def network(request: pytest.FixtureRequest) -> SelfModulatedNet:
    return trained(request.param)


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (16, 32), (45, 70)])
def test_any_size(network: SelfModulatedNet, size: tuple[int, int]) -> None:
    content = picture(1, *size)
    stylized = network.stylize(content, StyleTarget(network.encode(picture(2, 33, 20))))
    assert stylized.shape == content.shape
    assert float(stylized.min()) >= 0
    assert float(stylized.max()) <= 1
    assert bool(torch.isfinite(stylized).all())


def test_image_in_its_own_style_is_unchanged(network: SelfModulatedNet) -> None:
    content = picture(1)
    stylized = network.stylize(content, StyleTarget(network.encode(content)))
    torch.testing.assert_close(stylized, content, rtol=0, atol=1e-4)
    other = network.stylize(content, StyleTarget(network.encode(picture(2))))
    assert float((other - content).abs().mean()) > 0.02


def test_strength_zero_is_lossless(network: SelfModulatedNet) -> None:
    content, code = picture(1), network.encode(picture(2))
    assert torch.equal(network.stylize(content, StyleTarget(code, 0.0)), content)
    assert torch.equal(network.stylize(content, StyleTarget(None)), content)
    affine = torch.eye(3, 4)[None]
    stylized = network(content, affine, *code.mean_std_vectors(), torch.zeros(1, 1))
    torch.testing.assert_close(stylized, content, rtol=0, atol=1e-6)


def test_strength_and_color_strength_are_independent(network: SelfModulatedNet) -> None:
    content, style = picture(1), picture(2)
    code = network.encode(style)
    only_color = network.stylize(content, StyleTarget(code, 0.0, 1.0))
    torch.testing.assert_close(only_color.mean((2, 3)), style.mean((2, 3)), rtol=0, atol=0.03)
    only_texture = network.stylize(content, StyleTarget(code, 1.0, 0.0))
    both = network.stylize(content, StyleTarget(code))
    for one, other in ((only_color, both), (only_texture, both), (only_color, only_texture)):
        assert float((one - other).abs().mean()) > 1e-3
    steps = [network.stylize(content, StyleTarget(code, s)) for s in (0.0, 0.05, 0.5, 0.95, 1.0)]
    changes = [float((step - content).abs().mean()) for step in steps]
    assert changes[0] == 0 < changes[1] < changes[2] < changes[4]


def test_batch_equals_single_images(network: SelfModulatedNet) -> None:
    """``forward`` equals ``stylize``, for each image with its own style and strength."""
    contents, styles = torch.cat([picture(1), picture(2)]), torch.cat([picture(3), picture(4)])
    strength = torch.tensor([[1.0], [0.4]])
    code = network.encode(styles)
    colors = network.encode(contents).colors
    stylized = network(
        contents, mk_color_transfer(colors, code.colors, strength), *code.mean_std_vectors(), strength
    )
    for i, share in enumerate((1.0, 0.4)):
        alone = network.stylize(contents[i : i + 1], StyleTarget(network.encode(styles[i : i + 1]), share))
        torch.testing.assert_close(stylized[i : i + 1], alone, rtol=0, atol=1e-4)


def test_untrained_photo_network_is_the_color_transfer() -> None:
    network = PhotoNet(fine=8, coarse=8).eval()
    code = network.encode(picture(2))
    with torch.no_grad():
        stylized = network.stylize(picture(1), StyleTarget(code))
        colored = network.stylize(picture(1), StyleTarget(code, 0.0, 1.0))
    torch.testing.assert_close(stylized, colored, rtol=0, atol=1e-5)


def test_untrained_micro_network_changes_colors_and_fine_detail() -> None:
    torch.manual_seed(0)
    network = MicroNet(fine=8, coarse=8).eval()
    rough, smooth = picture(1, 64, 64), gaussian_blur(picture(2, 64, 64), 3.0)

    def grain(pictures: Tensor) -> float:
        return float((pictures - gaussian_blur(pictures, 2.0)).std())

    with torch.no_grad():
        for content, style, less in ((rough, smooth, True), (smooth, rough, False)):
            code = network.encode(style)
            colored = network.stylize(content, StyleTarget(code, 0.0, 1.0))
            stylized = network.stylize(content, StyleTarget(code))
            assert (grain(stylized) < 0.8 * grain(colored)) if less else (grain(stylized) > grain(colored))
            changes = gaussian_blur(stylized, 4.0) - gaussian_blur(colored, 4.0)
            assert float(changes.abs().mean()) < 0.01  # the base layer is unchanged


def test_mixing_codes(network: SelfModulatedNet) -> None:
    content = picture(1)
    a, b = network.encode(picture(2)), network.encode(picture(3, 64, 64))
    alone = network.stylize(content, StyleTarget(a))
    torch.testing.assert_close(
        network.stylize(content, StyleTarget(mix_style_codes([a, b], [3, 0]))), alone, rtol=0, atol=1e-4
    )
    halves = mix_style_codes([a, b])
    torch.testing.assert_close(halves.layers[0].mean, (a.layers[0].mean + b.layers[0].mean) / 2)
    between = network.stylize(content, StyleTarget(halves))
    other = network.stylize(content, StyleTarget(b))
    for end in (alone, other):
        assert float((between - end).abs().mean()) < float((alone - other).abs().mean())
    with pytest.raises(SettingsError, match="Expected 2 weights"):
        mix_style_codes([a, b], [1.0])


def test_regions_get_their_styles_and_the_rest_is_unchanged(network: SelfModulatedNet) -> None:
    content = picture(1, 64, 96)
    left, right = torch.zeros(1, 1, 64, 96), torch.zeros(1, 1, 64, 96)
    left[..., :48], right[..., 48:] = 1, 1
    a, b = network.encode(picture(2)), network.encode(picture(3))
    alone = network.stylize(content, [StyleTarget(a, mask=left), StyleTarget(None, mask=right)])
    if isinstance(network, MicroNet):
        assert torch.equal(alone[..., 48:], content[..., 48:])
    else:  # a grid is soft: its cells reach over the mask's edge
        torch.testing.assert_close(alone[..., 64:], content[..., 64:], rtol=0, atol=1e-6)
    assert float((alone[..., :40] - content[..., :40]).abs().mean()) > 0.01
    both = network.stylize(content, [StyleTarget(a, 0.0, 1.0, left), StyleTarget(b, 0.0, 1.0, right)])
    for part, style in ((both[..., :48], picture(2)), (both[..., 48:], picture(3))):
        torch.testing.assert_close(part.mean((2, 3)), style.mean((2, 3)), rtol=0, atol=0.05)
    whole = network.stylize(content, StyleTarget(a))
    covered = network.stylize(content, [StyleTarget(a, mask=torch.ones(1, 1, 64, 96))])
    torch.testing.assert_close(covered, whole, rtol=0, atol=1e-4)
    doubled = network.stylize(content, [StyleTarget(a, mask=left), StyleTarget(a, mask=right)])
    assert float((doubled - content).abs().mean()) > 0.01


def test_mask_of_a_style(network: SelfModulatedNet) -> None:
    style = picture(2, 64, 64)
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., :32, :] = 1
    code = network.encode(style, mask)
    torch.testing.assert_close(code.colors.mean, style[..., :32, :].mean((2, 3)))
    assert float((code.layers[0].mean - network.encode(style).layers[0].mean).abs().max()) > 1e-4


def test_gradients_reach_every_parameter() -> None:
    for kind in (MicroNet, PhotoNet):
        network = trained(kind).train().requires_grad_(True)
        content = picture(1, 32, 32)
        code = network.encode(picture(2, 32, 32))
        affine = mk_color_transfer(network.encode(content).colors, code.colors)
        stylized = network(content, affine, *code.mean_std_vectors(), torch.ones(1, 1))
        torch.autograd.backward((stylized * picture(3, 32, 32)).sum())
        silent = [
            name
            for name, parameter in network.named_parameters()
            if parameter.grad is None or float(parameter.grad.abs().sum()) == 0
        ]
        assert silent == []
        assert all(bool(torch.isfinite(p.grad).all()) for p in network.parameters() if p.grad is not None)


def test_gradients_for_identical_images_are_finite() -> None:
    network = trained(MicroNet).train().requires_grad_(True)
    content = picture(1, 32, 32)
    code = network.encode(content)
    affine = mk_color_transfer(network.encode(content).colors, code.colors)
    torch.autograd.backward(
        network(content, affine, *code.mean_std_vectors(), torch.ones(1, 1)).square().sum()
    )
    assert all(bool(torch.isfinite(p.grad).all()) for p in network.parameters() if p.grad is not None)


def test_flat_pictures(network: SelfModulatedNet) -> None:
    gray = torch.full((1, 3, 40, 40), 0.5)
    for content, style in ((gray, picture(2)), (picture(1), gray), (gray, gray)):
        stylized = network.stylize(content, StyleTarget(network.encode(style)))
        assert bool(torch.isfinite(stylized).all())


def test_gate() -> None:
    distance = torch.tensor([0.0, 1e-6, 1e-2, 1.0], requires_grad=True)
    opened = gate(distance)
    values = opened.detach()
    assert float(values[0]) == 0
    assert float(values[3]) > 0.99
    assert bool((values.diff() > 0).all())
    torch.autograd.backward(opened.sum())
    assert distance.grad is not None
    assert bool(torch.isfinite(distance.grad).all())


def test_invalid_arguments(network: SelfModulatedNet) -> None:
    content, code = picture(1), network.encode(picture(2))
    with pytest.raises(PictureError, match=r"content picture must have the shape \(N, 3, H, W\)"):
        network.stylize(content[0], StyleTarget(code))
    with pytest.raises(PictureError, match="style picture must have"):
        network.encode(content[:, :1])
    with pytest.raises(PictureError, match=r"mask must have the shape \(1, 1, 45, 70\)"):
        network.stylize(content, StyleTarget(code, mask=torch.ones(1, 1, 70, 45)))
    with pytest.raises(SettingsError, match=r"strength must be between 0 and 1, not 1\.5"):
        StyleTarget(code, 1.5)
    with pytest.raises(SettingsError, match="each have a mask"):
        network.stylize(content, [StyleTarget(code), StyleTarget(None)])
    with pytest.raises(SettingsError, match="encode the style with the network"):
        network.stylize(content, StyleTarget(MicroNet(fine=4, coarse=4).encode(content)))
