"""A network of MicroAST's published shape, for comparison only: it ships with nothing.

Z. Wang et al. (2023), "MicroAST: Towards Super-Fast Ultra-Resolution Arbitrary Style Transfer",
arXiv 2211.15313. Content and style have an encoder each: a 9 × 9 convolution, two strided depthwise separable
ones, two residual blocks of 64 channels at 1/4 of the size. A modulator makes a gain and a shift for the
decoder's blocks out of the style's features; the decoder is the encoder mirrored. 0.472 M parameters.
Layer shapes were looked up in the authors' published source (MIT license); the code is our own, no line is
copied, and its weights are not the published ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from bottega.layers import ChannelMoments, ReflectConv2d, adain, channel_moments, pad_to_multiple

WIDTHS = (16, 32, 64)


@dataclass(frozen=True)
class MicroASTCode:
    """A style code: moments at two depths; gains and shifts ``(N, C, 1, 1)`` for two blocks."""

    moments: tuple[ChannelMoments, ChannelMoments]
    gains: tuple[Tensor, Tensor]
    shifts: tuple[Tensor, Tensor]


class MicroASTShaped(nn.Module):
    """Any style in one pass; :meth:`encode` the style once, then paint."""

    def __init__(self) -> None:
        super().__init__()
        self.content_encoder = _Encoder()
        self.style_encoder = _Encoder()
        self.modulators = nn.ModuleList(
            ReflectConv2d(WIDTHS[2], WIDTHS[2], 3, groups=WIDTHS[2]) for _ in range(4)
        )
        self.blocks = nn.ModuleList(_Block(WIDTHS[2]) for _ in range(2))
        self.rise = nn.ModuleList([_separable(WIDTHS[2], WIDTHS[1]), _separable(WIDTHS[1], WIDTHS[0])])
        self.last = ReflectConv2d(WIDTHS[0], 3, 9)

    @property
    def configuration(self) -> dict[str, Any]:
        """It has no settings."""
        return {}

    def encode(self, style: Tensor) -> MicroASTCode:
        """Everything that the decoder needs of style pictures ``(N, 3, H, W)``."""
        early, late = self.style_encoder(pad_to_multiple(style, 4))
        signals = [
            modulator(features).mean((2, 3), keepdim=True)
            for modulator, features in zip(self.modulators, (late, late, early, early), strict=True)
        ]
        return MicroASTCode(
            (channel_moments(late), channel_moments(early)),
            (signals[0], signals[2]),
            (signals[1], signals[3]),
        )

    def forward(self, content: Tensor, code: MicroASTCode, strength: Tensor | float = 1.0) -> Tensor:
        """``content (N, 3, H, W)`` in [0, 1], stylized; in evaluation within [0, 1].

        ``strength`` is a number or ``(N, 1, 1, 1)``.
        """
        _, features = self.content_encoder(pad_to_multiple(content, 4))
        for block, moments, gain, shift in zip(
            self.blocks, code.moments, code.gains, code.shifts, strict=True
        ):
            moved = adain(features, channel_moments(features), moments) - features
            features = block(features + strength * moved, gain, shift)
        for layer in self.rise:
            features = F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
            features = layer(features)
        result = self.last(features)[..., : content.shape[-2], : content.shape[-1]]
        return result if self.training else result.clamp(0, 1)


class _Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            ReflectConv2d(3, WIDTHS[0], 9),
            nn.ReLU(),
            _separable(WIDTHS[0], WIDTHS[1], stride=2),
            _separable(WIDTHS[1], WIDTHS[2], stride=2),
        )
        self.early, self.late = _Block(WIDTHS[2]), _Block(WIDTHS[2])

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        early = self.early(self.layers(pictures))
        return early, self.late(early)


class _Block(nn.Module):
    """Two convolutions added to what came in; with signals, each convolution is mixed with its input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = ReflectConv2d(channels, channels, 3), ReflectConv2d(channels, channels, 3)

    def forward(self, features: Tensor, gain: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
        if gain is None or shift is None:
            return features + self.second(F.relu(self.first(features)))
        inner = F.relu(gain * self.first(features) + shift * features)
        return features + gain * self.second(inner) + shift * inner


def _separable(incoming: int, outgoing: int, stride: int = 1) -> nn.Sequential:
    """Per channel (or pair of channels) over places, then over channels at one place."""
    groups = min(incoming, outgoing)
    return nn.Sequential(
        ReflectConv2d(incoming, outgoing, 3, stride=stride, groups=groups),
        nn.ReLU(),
        ReflectConv2d(outgoing, outgoing, 1),
        nn.ReLU(),
    )
