"""Convolutions with mirrored borders, and instance normalization whose gain and shift depend on a style."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INSTANCE_NORM_EPSILON = 1e-5


def reflect_pad(features: Tensor, padding: int) -> Tensor:
    """Mirror ``padding`` rows and columns at every border; a side too short to mirror repeats its border.

    Zeros instead would darken borders, and instance statistics would include them.
    """
    if padding == 0:
        return features
    mode = "reflect" if min(features.shape[-2:]) > padding else "replicate"
    return F.pad(features, (padding,) * 4, mode=mode)


class ReflectConv2d(nn.Conv2d):
    """Odd kernel, mirrored borders; the output has ``ceil(size / stride)`` positions."""

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(reflect_pad(features, self.kernel_size[0] // 2))


class ResizeConv2d(nn.Module):
    """Nearest-neighbor enlargement by two, then a convolution (Odena et al. 2016).

    A transposed convolution covers neighboring pixels unevenly and leaves a checkerboard; this cannot.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3) -> None:
        super().__init__()
        self.convolution = ReflectConv2d(in_channels, out_channels, kernel_size)

    def forward(self, features: Tensor) -> Tensor:
        return self.convolution(F.interpolate(features, scale_factor=2, mode="nearest"))


def instance_norm(features: Tensor) -> Tensor:
    """Mean 0 and variance 1 for every channel of every picture; a single position becomes zero."""
    if features.shape[-1] * features.shape[-2] == 1:
        return torch.zeros_like(features)
    return F.instance_norm(features, eps=INSTANCE_NORM_EPSILON)


class InstanceNorm(nn.Module):
    """Instance normalization with one learned gain and shift per channel (Ulyanov et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor) -> Tensor:
        return instance_norm(features) * self.gain.view(-1, 1, 1) + self.shift.view(-1, 1, 1)


class ConditionalInstanceNorm(nn.Module):
    """One gain and shift per channel *and style*; a mixture of styles mixes them (Dumoulin et al. 2017).

    ``gain`` and ``shift`` are ``(styles, channels)``.
    """

    def __init__(self, channels: int, styles: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(styles, channels))
        self.shift = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, features: Tensor, style_weights: Tensor) -> Tensor:
        """Normalize ``(N, C, h, w)``; ``style_weights`` is ``(N, styles)``."""
        gain = (style_weights.to(self.gain) @ self.gain)[:, :, None, None].to(features)
        shift = (style_weights.to(self.shift) @ self.shift)[:, :, None, None].to(features)
        return instance_norm(features) * gain + shift
