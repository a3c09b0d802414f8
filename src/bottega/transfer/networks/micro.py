"""Our own network for any style at once: small enough to ship, fast enough for a camera."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError
from bottega.layers import ReflectConv2d, fold, unfold_pixels
from bottega.transfer.networks.own_statistics import OwnStatisticsNet, Walk

FOLD = 4
MIDDLE, SPREAD = 0.45, 0.25  # of the pixels of pictures, about
# Units of the last layer's tones and details. Each output sums over hundreds of features and Adam moves every
# weight alike: in units of the picture its first steps would be far too long, and details, sixteen for each
# tone, would print a screen of 4 × 4 pixels on flat areas.
TONES, DETAILS = 0.1, 0.03


class MicroNet(OwnStatisticsNet):
    """A picture at 1/4, 1/8 and 1/16 of its size, all of it moved to the style's statistics.

    Blocks of 4 × 4 pixels become channels in place of the usual first and last layers of 9 × 9 at full size.
    Work at 1/4 draws grain and small strokes, 1/8 has most of the layers, 1/16 lays large strokes for little.
    The last layer gives smooth tones, enlarged from 1/4, and details, folded out again; both are added to the
    colour-matched picture. As it starts from zero, an untrained network is the colour transfer.

    Args:
        fine: channels at 1/4, of which there is one layer in and one out.
        coarse: channels at 1/8 and 1/16.
        blocks: residual blocks of two convolutions at 1/8.
        deep_blocks: likewise at 1/16.
    """

    multiple = 16

    def __init__(self, fine: int = 48, coarse: int = 64, blocks: int = 2, deep_blocks: int = 1) -> None:
        super().__init__()
        if min(fine, coarse) < 1 or min(blocks, deep_blocks) < 0:
            raise SettingsError("A micro network needs channels, and no negative number of blocks.")
        self.settings = {"fine": fine, "coarse": coarse, "blocks": blocks, "deep_blocks": deep_blocks}
        self.stem = ReflectConv2d(3 * FOLD**2, fine, 3)
        self.down = ReflectConv2d(fine, coarse, 3)
        self.middle = nn.ModuleList(ReflectConv2d(coarse, coarse, 3) for _ in range(2 * blocks))
        self.deep = nn.ModuleList(ReflectConv2d(coarse, coarse, 3) for _ in range(2 * deep_blocks))
        self.lateral = nn.Conv2d(coarse, fine, 1)
        self.fuse = ReflectConv2d(fine, fine, 3)
        self.head = ReflectConv2d(fine, 3 + 3 * FOLD**2, 3)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        nn.init.zeros_(self.head.weight)
        self.channels = (fine, *(coarse,) * (1 + 2 * blocks + 2 * deep_blocks), fine)
        self.strides = (4, *(8,) * (1 + 2 * blocks), *(16,) * (2 * deep_blocks), 4)
        # Half of a block on every level and its enlargement, and one ring of positions per convolution.
        self.reach = 4 * 6 + 8 * (2 + 2 * blocks) + 16 * (2 + 2 * deep_blocks)
        self.add_modulations()

    @property
    def configuration(self) -> dict[str, Any]:
        """What builds it again."""
        return dict(self.settings)

    def walk(self, pictures: Tensor) -> Walk:
        return self.walk_folded(fold((pictures - MIDDLE) / SPREAD, FOLD))

    def walk_folded(self, blocks: Tensor) -> Walk:
        """:meth:`walk` from the folded pictures on, for whoever folds them in another way."""
        fine = F.relu((yield self.stem(blocks.to(self.stem.weight.dtype))))
        coarse = F.relu((yield self.down(F.avg_pool2d(fine, 2))))
        coarse = yield from _residual(self.middle, coarse)
        if len(self.deep):
            deep = yield from _residual(self.deep, F.avg_pool2d(coarse, 2))
            coarse = coarse + F.interpolate(deep, scale_factor=2, mode="nearest")
        fine = fine + F.interpolate(self.lateral(coarse), scale_factor=2, mode="nearest")
        fine = F.relu((yield self.fuse(fine)))
        return self.head(fine)

    def finish(self, colored: Tensor, result: Tensor, opened: Tensor) -> Tensor:
        tones = F.interpolate(result[:, :3], scale_factor=FOLD, mode="bilinear", align_corners=False)
        added = torch.add(TONES * tones, unfold_pixels(result[:, 3:], FOLD), alpha=DETAILS)
        return colored + opened * added[..., : colored.shape[-2], : colored.shape[-1]].to(colored)


def _residual(convolutions: nn.ModuleList, features: Tensor) -> Walk:
    """Pairs of convolutions, each pair added to what came in; every convolution is a site."""
    for first, second in zip(convolutions[::2], convolutions[1::2], strict=True):
        inner = F.relu((yield first(features)))
        features = features + (yield second(inner))
    return features
