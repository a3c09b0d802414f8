"""A small generator in the shape of StyleGAN2 (Karras et al. 2020, arXiv 1912.04958), to compare with.

It has the main parts: a mapping network, a learned constant, convolutions whose weights are modulated
by the style and demodulated, noise at every layer, and pictures summed over all sides. Left out, for the
small size: path length regularization, lazy schedules and equalized rates; mapping has two layers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.generation import Generator

START_SIDE = 4
STYLE_DIM = 128
MAX_CHANNELS_FACTOR = 8  # times the width


class StyleGenerator(Generator):
    """Noise ``(N, latent)`` to pictures ``(N, 3, size, size)`` in [0, 1].

    Args:
        width: channels at the full side; doubled for each halving of the side, up to eight times.
    """

    def __init__(self, size: int, latent: int, width: int) -> None:
        super().__init__(size, latent)
        sides = [START_SIDE * 2**octave for octave in range((size // START_SIDE).bit_length())]
        channels = {side: width * min(size // side, MAX_CHANNELS_FACTOR) for side in sides}
        self.levels = len(sides)
        self.mapping = nn.Sequential(
            nn.Linear(latent, STYLE_DIM),
            nn.LeakyReLU(0.2),
            nn.Linear(STYLE_DIM, STYLE_DIM),
            nn.LeakyReLU(0.2),
        )
        self.constant = nn.Parameter(torch.randn(1, channels[START_SIDE], START_SIDE, START_SIDE))
        self.blocks = nn.ModuleList(
            _Block(channels[max(side // 2, START_SIDE)], channels[side], upsample=side > START_SIDE)
            for side in sides
        )

    has_mapping = True

    @property
    def style_dim(self) -> int:
        return STYLE_DIM

    def map_style(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        self.join(z, condition)
        return self.mapping(z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8))

    def synthesize(self, styles: Sequence[Tensor]) -> Tensor:
        x = self.constant.expand(len(styles[0]), -1, -1, -1)
        picture: Tensor | None = None
        for block, style in zip(self.blocks, styles, strict=True):
            x, to_rgb = block(x, style)
            picture = to_rgb if picture is None else _upsample(picture) + to_rgb
        assert picture is not None
        return torch.sigmoid(picture)


def _upsample(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class _Block(nn.Module):
    """Two modulated convolutions and their contribution to the picture."""

    def __init__(self, incoming: int, outgoing: int, *, upsample: bool) -> None:
        super().__init__()
        self.upsample = upsample
        self.first = Modulated(incoming, outgoing, 3)
        self.second = Modulated(outgoing, outgoing, 3)
        self.to_rgb = Modulated(outgoing, 3, 1, demodulate=False)

    def forward(self, x: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        if self.upsample:
            x = _upsample(x)
        x = F.leaky_relu(self.first(x, style), 0.2)
        x = F.leaky_relu(self.second(x, style), 0.2)
        return x, self.to_rgb(x, style)


class Modulated(nn.Module):
    """A convolution whose weights the style scales, channel by channel (section 2.2, equations 1 and 3)."""

    def __init__(self, incoming: int, outgoing: int, kernel: int, *, demodulate: bool = True) -> None:
        super().__init__()
        self.demodulate = demodulate
        std = (incoming * kernel**2) ** -0.5
        self.weight = nn.Parameter(torch.randn(outgoing, incoming, kernel, kernel) * std)
        self.bias = nn.Parameter(torch.zeros(outgoing))
        self.affine = nn.Linear(STYLE_DIM, incoming)
        nn.init.ones_(self.affine.bias)
        self.noise = nn.Parameter(torch.zeros(1)) if demodulate else None

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scales = self.affine(style).to(x.dtype)
        # Scaling what goes in and out is scaling the weights, and one convolution serves the whole batch.
        x = F.conv2d(x * scales[:, :, None, None], self.weight, padding=self.weight.shape[-1] // 2)
        if self.demodulate:
            power = self.weight.square().sum(dim=(2, 3))
            x = x * torch.rsqrt(scales.square() @ power.T + 1e-8)[:, :, None, None].to(x.dtype)
        if self.noise is not None and self.training:
            x = x + self.noise * torch.randn_like(x[:, :1])
        return x + self.bias[:, None, None]
