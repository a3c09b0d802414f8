"""Convolutions with mirrored borders, and the one that enlarges."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


def reflect_pad(features: Tensor, padding: int) -> Tensor:
    """Mirror ``padding`` rows and columns at every border; a side too short to mirror repeats its border.

    Zeros in their place would darken borders, and instance statistics would see them.
    """
    if padding == 0:
        return features
    mode = "reflect" if min(features.shape[-2:]) > padding else "replicate"
    return F.pad(features, (padding,) * 4, mode=mode)


class ReflectConv2d(nn.Conv2d):
    """Odd ``kernel``; the output has ``ceil(size / stride)`` positions, with mirrored borders."""

    def __init__(
        self,
        incoming: int,
        outgoing: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(incoming, outgoing, kernel, stride, groups=groups, bias=bias)

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(reflect_pad(features, self.kernel_size[0] // 2))


class ResizeConv2d(nn.Module):
    """Nearest-neighbour enlargement by two, then a convolution (Odena et al. 2016).

    A transposed convolution covers neighbouring pixels unevenly and leaves a checkerboard; this cannot.
    """

    def __init__(self, incoming: int, outgoing: int, kernel: int = 3) -> None:
        super().__init__()
        self.convolution = ReflectConv2d(incoming, outgoing, kernel)

    def forward(self, features: Tensor) -> Tensor:
        return self.convolution(F.interpolate(features, scale_factor=2, mode="nearest"))
