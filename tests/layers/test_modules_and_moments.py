"""Building blocks of networks: convolutions, moments, norms, padding."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import PictureError, SettingsError
from bottega.layers import (
    ChannelMoments,
    ConditionalInstanceNorm,
    InstanceNorm,
    ReflectConv2d,
    ResizeConv2d,
    adain,
    channel_moments,
    instance_norm,
    mix_channel_moments,
    normalize_weights,
    pad_to_multiple,
    reflect_pad,
)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_reflect_convolution_equals_torch_where_the_picture_is_large_enough() -> None:
    layer = ReflectConv2d(3, 4, 5).double()
    reference = torch.nn.Conv2d(3, 4, 5, padding=2, padding_mode="reflect").double()
    reference.load_state_dict(layer.state_dict())
    x = random(2, 3, 9, 12)
    torch.testing.assert_close(layer(x), reference(x))


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (9, 5)])
def test_reflect_convolution_of_any_size(size: tuple[int, int]) -> None:
    assert ReflectConv2d(3, 4, 5).double()(random(1, 3, *size)).shape == (1, 4, *size)
    strided = ReflectConv2d(3, 4, 3, stride=2).double()(random(1, 3, *size))
    assert strided.shape[-2:] == tuple(-(-side // 2) for side in size)


def test_borders_keep_flat_pictures_flat() -> None:
    layer = ReflectConv2d(1, 1, 3)
    flat = layer(torch.full((1, 1, 6, 7), 0.7))
    torch.testing.assert_close(flat, flat[..., :1, :1].expand_as(flat))
    x = random(1, 1, 2, 2)
    assert reflect_pad(x, 0) is x
    torch.testing.assert_close(reflect_pad(x, 2)[..., 0, 0], x[..., 0, 0])


def test_resize_convolution_has_no_checkerboard() -> None:
    layer = ResizeConv2d(2, 3)
    enlarged = layer(torch.full((1, 2, 4, 5), 0.3))
    assert enlarged.shape == (1, 3, 8, 10)
    torch.testing.assert_close(enlarged, enlarged[..., :1, :1].expand_as(enlarged))


def test_pad_to_multiple_and_pixel_unshuffle_round_trip() -> None:
    x = random(2, 3, 7, 13)
    padded = pad_to_multiple(x, 4)
    assert padded.shape == (2, 3, 8, 16)
    torch.testing.assert_close(padded[..., 7, 15], x[..., 6, 12])
    assert pad_to_multiple(padded, 4) is padded
    folded = F.pixel_unshuffle(padded, 4)
    assert folded.shape == (2, 48, 2, 4)
    torch.testing.assert_close(F.pixel_shuffle(folded, 4), padded, rtol=0, atol=0)


def test_moments_are_mean_and_deviation() -> None:
    x = random(2, 5, 6, 7)
    moments = channel_moments(x)
    torch.testing.assert_close(moments.mean, x.mean((2, 3)))
    std = (x.var((2, 3), correction=0) + 1e-5).sqrt()
    torch.testing.assert_close(moments.std, std)
    torch.testing.assert_close(moments.float().std, std.float())


def test_moments_add_up_over_tiles_and_accept_masks() -> None:
    x, mask = random(1, 5, 6, 7), random(1, 1, 6, 7, seed=1)
    whole = channel_moments(x, mask)
    sums = channel_moments(x[..., :2, :], mask[..., :2, :]) + channel_moments(x[..., 2:, :], mask[..., 2:, :])
    torch.testing.assert_close(sums.mean, whole.mean)
    torch.testing.assert_close(sums.std, whole.std)
    expected = (x * mask).sum((2, 3)) / mask.sum()
    torch.testing.assert_close(whole.mean, expected)
    box = torch.zeros(1, 1, 6, 7)
    box[..., 1:4, 2:5] = 1
    torch.testing.assert_close(channel_moments(x, box).mean, channel_moments(x[..., 1:4, 2:5]).mean)
    with pytest.raises(PictureError, match=r"\(1, 1, 6, 7\)"):
        channel_moments(x, torch.ones(1, 1, 7, 6))


def test_moments_of_bfloat16_are_float32() -> None:
    x = random(1, 3, 40, 40).to(torch.bfloat16)
    assert channel_moments(x).mean.dtype == torch.float32
    torch.testing.assert_close(channel_moments(x).mean, channel_moments(x.double()).mean.float())


def test_mixed_moments_are_those_of_joined_pictures() -> None:
    a, b = random(1, 3, 4, 4), random(1, 3, 4, 4, seed=1) * 3
    both = mix_channel_moments([channel_moments(a), channel_moments(b)], normalize_weights(None, 2))
    joined = channel_moments(torch.cat([a, b], 2))
    torch.testing.assert_close(both.mean, joined.mean)
    torch.testing.assert_close(both.std, joined.std)
    for weights in ([1.0], [-1.0, 2.0], [0.0, 0.0], [float("nan"), 1.0]):
        with pytest.raises(SettingsError):
            normalize_weights(weights, 2)


def test_adain_features_have_the_style_s_moments() -> None:
    x, y = random(1, 4, 30, 30), random(1, 4, 20, 20, seed=1) * 2 + 1
    result = channel_moments(adain(x, channel_moments(x), channel_moments(y)))
    torch.testing.assert_close(result.mean, channel_moments(y).mean)
    torch.testing.assert_close(result.std, channel_moments(y).std, rtol=1e-3, atol=0)
    torch.testing.assert_close(adain(x, channel_moments(x), channel_moments(x)), x)


def test_moments_have_gradients() -> None:
    x = random(1, 2, 3, 3).requires_grad_()

    def deviations(features: Tensor) -> Tensor:
        moments: ChannelMoments = channel_moments(features)
        return moments.std + moments.mean

    assert torch.autograd.gradcheck(deviations, (x,))


def test_instance_norms() -> None:
    x = random(2, 3, 5, 6)
    torch.testing.assert_close(InstanceNorm(3).double()(x), F.instance_norm(x))
    assert float(instance_norm(random(1, 3, 1, 1)).abs().max()) == 0
    norm = ConditionalInstanceNorm(3, 2).double()
    with torch.no_grad():
        norm.gain.copy_(random(2, 3))
        norm.shift.copy_(random(2, 3, seed=1))
    first, second = (norm(x, torch.tensor([row])) for row in ([1.0, 0.0], [0.0, 1.0]))
    torch.testing.assert_close(norm(x, torch.tensor([[0.25, 0.75]])), 0.25 * first + 0.75 * second)
    each = norm(x, torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    torch.testing.assert_close(each, torch.stack([first[0], second[1]]))
