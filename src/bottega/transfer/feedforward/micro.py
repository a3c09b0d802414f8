"""Our own network for any style at once: small enough to ship, fast enough for a camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError
from bottega.layers import (
    ChannelMoments,
    ColorMoments,
    ReflectConv2d,
    block_dct_matrix,
    color_moments,
    pad_to_multiple,
    recolor,
)
from bottega.layers.moments import VARIANCE_EPSILON
from bottega.transfer.feedforward.self_modulated import OwnStatisticsNet, Walk
from bottega.transfer.feedforward.style_code import StyleCode, check_picture
from bottega.transfer.texture.patches import BESIDE_MARKS, Marks, less_marks, marks_of
from bottega.transfer.texture.synthesis import marked

FOLD = 4
COLORS = 3
MIDDLE, SPREAD = 0.45, 0.25  # of the pixels of pictures, about

# Deviations of the block cosines of photographs and paintings, by row and column of waves: of light and dark,
# and of the two opponent colours, where less would raise the noise of JPEG files to the height of a drawing.
LIGHT = (
    (1.5, 0.24, 0.11, 0.055),
    (0.24, 0.12, 0.073, 0.038),
    (0.11, 0.073, 0.047, 0.027),
    (0.055, 0.038, 0.027, 0.018),
)
OPPONENT = (
    (0.45, 0.05, 0.02, 0.015),
    (0.05, 0.02, 0.015, 0.012),
    (0.02, 0.015, 0.012, 0.012),
    (0.015, 0.012, 0.012, 0.012),
)

ADDED = 0.5
"""Unit of the last layer, in deviations of what pictures hold."""

SHARPER, SOFTER = 0.7, -2.0
"""Largest and smallest logarithm by which fine detail is raised: doubled, or pressed to an eighth. More would
raise the noise of flat skies."""


class MicroNet(OwnStatisticsNet):
    """A picture at 1/4, 1/8 and 1/16 of its size, all of it moved to the style's statistics.

    Blocks of 4 × 4 pixels become 48 channels in place of the usual first and last layers of 9 × 9 at full
    size: their cosine coefficients (:func:`bottega.layers.block_dct_matrix`), each in units of its deviation
    in pictures. In raw pixels a block is its mean brightness and hardly anything else, so that texture would
    be invisible to layers that have not been trained for long. The coefficients are the first site;
    work at 1/4 draws grain and small strokes, 1/8 has most of the layers, 1/16 lays large strokes for little.

    What the last layer draws is added to the colour-matched picture, whose fine detail is first raised or
    lowered to the style's, in closed form as the colours are: smooth tones, enlarged from 1/4, and waves
    within the blocks. As the last layer starts from zero, an untrained network moves colours and detail.

    Args:
        fine: channels at 1/4, of which there is one layer in and one out.
        coarse: channels at 1/8 and 1/16.
        blocks: residual blocks of two convolutions at 1/8.
        deep_blocks: likewise at 1/16.
    """

    multiple = 16
    analysis: Tensor
    synthesis: Tensor
    tones: Tensor
    power: Tensor

    def __init__(self, fine: int = 48, coarse: int = 64, blocks: int = 2, deep_blocks: int = 1) -> None:
        super().__init__()
        if min(fine, coarse) < 1 or min(blocks, deep_blocks) < 0:
            raise SettingsError("A micro network needs channels, and no negative number of blocks.")
        self.settings = {"fine": fine, "coarse": coarse, "blocks": blocks, "deep_blocks": deep_blocks}
        folded = COLORS * FOLD**2
        self.stem = ReflectConv2d(folded, fine, 3)
        self.down = ReflectConv2d(fine, coarse, 3)
        self.middle = nn.ModuleList(ReflectConv2d(coarse, coarse, 3) for _ in range(2 * blocks))
        self.deep = nn.ModuleList(ReflectConv2d(coarse, coarse, 3) for _ in range(2 * deep_blocks))
        self.lateral = nn.Conv2d(coarse, fine, 1)
        self.fuse = ReflectConv2d(fine, fine, 3)
        self.head = ReflectConv2d(fine, folded, 3)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        nn.init.zeros_(self.head.weight)
        self.add_waves()
        self.channels = (folded, fine, *(coarse,) * (1 + 2 * blocks + 2 * deep_blocks), fine)
        self.strides = (4, 4, *(8,) * (1 + 2 * blocks), *(16,) * (2 * deep_blocks), 4)
        # Half of a block on every level, one ring of positions per convolution and per enlargement.
        self.reach = 4 * 7 + 8 * (3 + 2 * blocks) + 16 * (3 + 2 * deep_blocks)
        self.add_modulations()

    def add_waves(self) -> None:
        """From blocks to their coefficients and back, as 1 × 1 convolutions; nothing of it is trained."""
        waves = block_dct_matrix(FOLD)
        deviations = torch.tensor([LIGHT, OPPONENT, OPPONENT]).flatten(1).T.flatten()[:, None]
        power = torch.tensor(LIGHT).flatten()[1:]
        back = ADDED * deviations * waves
        tones = back[:COLORS].view(COLORS, COLORS, FOLD**2).mean(2)
        for name, values in (
            ("analysis", (SPREAD * waves / deviations)[:, :, None, None]),
            ("synthesis", back[COLORS:].T[:, :, None, None]),
            ("tones", tones.T[:, :, None, None]),
            ("power", power / power.sum()),
        ):
            self.register_buffer(name, values.contiguous(), persistent=False)

    @property
    def configuration(self) -> dict[str, Any]:
        """What builds it again."""
        return dict(self.settings)

    @property
    def site_convolutions(self) -> list[nn.Module | None]:
        """What makes the features of each site; none where nothing of it is trained."""
        return [None, self.stem, self.down, *self.middle, *self.deep, self.fuse]

    def walk(self, pictures: Tensor) -> Walk:
        blocks = F.pixel_unshuffle((pictures - MIDDLE) / SPREAD, FOLD)
        return self.walk_waves(F.conv2d(blocks, self.analysis.to(blocks)))

    def walk_waves(self, waves: Tensor) -> Walk:
        """:meth:`walk` from the coefficients on, for whoever gets them in another way."""
        fine = F.relu((yield self.stem((yield waves).to(self.stem.weight.dtype))))
        coarse = F.relu((yield self.down(F.avg_pool2d(fine, 2))))
        coarse = yield from _residual(self.middle, coarse)
        if len(self.deep):
            deep = yield from _residual(self.deep, F.avg_pool2d(coarse, 2))
            coarse = coarse + _doubled(deep)
        fine = fine + _doubled(self.lateral(coarse))
        fine = F.relu((yield self.fuse(fine)))
        return _unscreened(self.head(fine))

    def sharpness(self, gains: Tensor) -> Tensor:
        # Of light and dark alone, each wave by its share of the detail that pictures hold.
        logarithm = (gains[..., COLORS::COLORS].float().log() * self.power).sum(-1)
        return logarithm.clamp(SOFTER, SHARPER).exp() - 1

    def finish(self, colored: Tensor, result: Tensor, opened: Tensor) -> Tensor:
        result = result.to(colored)
        tones = _enlarged(F.conv2d(result[:, :COLORS], self.tones.to(result)), colored)
        waves = F.pixel_shuffle(F.conv2d(result[:, COLORS:], self.synthesis.to(result)), FOLD)
        smooth = _enlarged(F.avg_pool2d(pad_to_multiple(colored, self.multiple), FOLD), colored)
        added = tones + waves[..., : colored.shape[-2], : colored.shape[-1]]
        return colored + opened[:, :1] * added + opened[:, 1:] * (colored - smooth)


def _unscreened(result: Tensor) -> Tensor:
    """Waves less their mean over 3 × 3 blocks: equal waves in all neighbours are a screen of 4 × 4 pixels,
    not a stroke; what is smooth, the tones can say."""
    tones, waves = result[:, :COLORS], result[:, COLORS:]
    return torch.cat([tones, waves - F.avg_pool2d(waves, 3, 1, 1, count_include_pad=False)], 1)


def _doubled(features: Tensor) -> Tensor:
    """Smoothly: repeated positions would show as a grid of dashes on flat skies."""
    return F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)


def _enlarged(blocks: Tensor, like: Tensor) -> Tensor:
    """One number per block as smooth tones of the size of ``like``."""
    tones = F.interpolate(blocks, scale_factor=FOLD, mode="bilinear", align_corners=False)
    return tones[..., : like.shape[-2], : like.shape[-1]]


def _residual(convolutions: nn.ModuleList, features: Tensor) -> Walk:
    """Pairs of convolutions, each pair added to what came in; every convolution is a site."""
    for first, second in zip(convolutions[::2], convolutions[1::2], strict=True):
        inner = F.relu((yield first(features)))
        features = features + (yield second(inner))
    return features


class FittedNet(nn.Module):
    """A :class:`MicroNet`, the code of the one style that it was trained for, and that style's own marks.

    Called like a transformer net, it paints in full. Its :attr:`network` and :attr:`code` paint whatever the
    micro network can: regions, less strength, tiles, frames (``network.stylize(content, Manner(code))``).

    Args:
        style_size: height and width of the style's picture, which marks are taken from; none has no marks, as
            networks had that were fitted before there were any.
        settings: of the micro network.
    """

    def __init__(self, style_size: Sequence[int] | None = None, **settings: Any) -> None:
        super().__init__()
        self.style_size = None if style_size is None else tuple(style_size)
        self.network = MicroNet(**settings)
        channels = sum(self.network.channels)
        self.means = nn.Parameter(torch.zeros(1, channels))
        # As logarithms: whatever a training does to them, deviations stay above zero.
        self.log_deviations = nn.Parameter(torch.zeros(1, channels))
        self.register_buffer("color_mean", torch.full((1, 3), 0.5))
        self.register_buffer("color_second", 0.25 + 0.05 * torch.eye(3)[None])
        if self.style_size is not None:
            self.register_buffer("style", torch.zeros(1, 3, *self.style_size, dtype=torch.uint8))

    @classmethod
    @torch.no_grad()
    def of(cls, network: MicroNet, style: Tensor) -> Self:
        """What ``network`` already paints of ``style (1, 3, H, W)``: where fitting starts.

        Raises:
            PictureError: not a picture.
        """
        code = network.encode(style)
        fitted = cls(style_size=tuple(style.shape[-2:]), **network.configuration)
        fitted.get_buffer("style").copy_((style * 255).round().to(torch.uint8))
        fitted.network.load_state_dict(network.state_dict())
        means, deviations = code.vectors()
        fitted.means.copy_(means)
        fitted.log_deviations.copy_(deviations.log())
        fitted.get_buffer("color_mean").copy_(code.colors.mean)
        fitted.get_buffer("color_second").copy_(code.colors.second / code.colors.mass[:, :, None])
        return fitted

    @property
    def configuration(self) -> dict[str, Any]:
        """What builds it again."""
        size = {} if self.style_size is None else {"style_size": list(self.style_size)}
        return {**self.network.configuration, **size}

    @cached_property
    def marks(self) -> tuple[Marks, ...]:
        """Of the style."""
        return () if self.style_size is None else (marks_of(self.get_buffer("style").cpu() / 255),)

    def shown(self, content: Tensor) -> Tensor:
        """Contents ``(N, 3, H, W)`` in the style's colours and with its marks: what the network paints on."""
        # On the processor, as not every device has float64.
        code = self.code
        palette = ColorMoments(*(each.cpu() for each in vars(code.colors).values())).double()
        goal = replace(code, colors=less_marks(palette, self.marks, 1.0))
        affine = self.network.color_map(color_moments(content.cpu()).double(), goal).to(content)
        colored = recolor(content, affine)
        return marked(colored, self.marks) if self.marks else colored

    @property
    def code(self) -> StyleCode:
        """The style, for :attr:`network`; per unit of mass."""
        mean, deviation = self.means, self.log_deviations.exp()
        second = (deviation.square() - VARIANCE_EPSILON).clamp_min(0) + mean.square()
        one = torch.ones_like(mean[:, :1])
        channels = list(self.network.channels)
        sites = zip(torch.split(mean, channels, 1), torch.split(second, channels, 1), strict=True)
        colors = ColorMoments(one, self.get_buffer("color_mean"), self.get_buffer("color_second"))
        return StyleCode(colors, tuple(ChannelMoments(one, *site) for site in sites), self.marks)

    def forward(self, content: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in [0, 1] to the same (in training it may leave that range a little).

        Raises:
            PictureError: not pictures.
        """
        check_picture("content", content)
        count = len(content)
        on = self.shown(content)
        affine = torch.eye(3, 4, device=content.device).expand(count, -1, -1)
        means, deviations = self.means.expand(count, -1), self.log_deviations.exp().expand(count, -1)
        strength = torch.ones(count, 1, device=content.device)
        painted: Tensor = self.network(on, affine, means, deviations, strength)
        return torch.lerp(on.to(painted), painted, BESIDE_MARKS) if self.marks else painted
