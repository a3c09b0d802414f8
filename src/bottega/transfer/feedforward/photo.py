"""Photorealistic: tones and colours move, edges and textures stay, by construction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError
from bottega.layers import ReflectConv2d, apply_grid, apply_grid_rows, interpolate_grid_rows, recolor
from bottega.transfer.feedforward.pixel_blocks import Content
from bottega.transfer.feedforward.prepared_targets import Wishes, wishes
from bottega.transfer.feedforward.self_modulated import Looked, OwnStatisticsNet, Walk
from bottega.transfer.feedforward.style_code import Manner, StyleCode
from bottega.transfer.tiles import Box

LOOKED_AT = 256
"""Side in pixels of the square that the trunk sees of any picture."""

CELLS = 16
FOLD = 4
MIDDLE, SPREAD = 0.45, 0.25
IDENTITY = torch.eye(3, 4).flatten()
LUMA = (0.299, 0.587, 0.114)


class PhotoNet(OwnStatisticsNet):
    """A bilateral grid of affine maps of colour, predicted from a small picture (after Gharbi et al. 2017).

    The colours are moved to the style's in closed form first; then every pixel goes through an affine map
    that depends on where it lies and how bright it is, and changes slowly with both. Neighbours of equal
    colour stay equal and an edge stays where it is. The trunk, at 1/4 to 1/16 of 256 × 256 pixels, is moved
    to the style's statistics as :class:`MicroNet`'s is; as its last layer starts from zero, an untrained
    network is the colour transfer.

    Args:
        fine, coarse: channels at 1/4 and from 1/8 on.
        depth: cells of the grid along the guide.
    """

    multiple = 16

    def __init__(self, fine: int = 32, coarse: int = 64, depth: int = 8) -> None:
        super().__init__()
        if min(fine, coarse, depth) < 1:
            raise SettingsError("A photo network needs channels, and cells along the guide.")
        self.settings = {"fine": fine, "coarse": coarse, "depth": depth}
        self.depth = depth
        self.convolutions = nn.ModuleList(
            [
                ReflectConv2d(3 * FOLD**2, fine, 3),
                ReflectConv2d(fine, coarse, 3),
                ReflectConv2d(coarse, coarse, 3),
                ReflectConv2d(coarse, coarse, 3),
            ]
        )
        for convolution in self.convolutions:
            assert isinstance(convolution, ReflectConv2d)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        self.head = nn.Conv2d(coarse, 12 * depth, 1)
        nn.init.zeros_(self.head.weight)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)
        self.luma = nn.Parameter(torch.tensor(LUMA).view(1, 3, 1, 1))
        self.channels = (fine, coarse, coarse, coarse)
        self.strides = (4, 8, 16, 16)
        self.reach = None
        self.add_modulations()

    @property
    def configuration(self) -> dict[str, Any]:
        """What builds it again."""
        return dict(self.settings)

    def reduced_input(self, pictures: Tensor) -> Tensor:
        """All of the picture, squeezed into a square."""
        size = (LOOKED_AT, LOOKED_AT)
        # Antialiasing is not made for bfloat16 on processors.
        seen = F.interpolate(pictures.float(), size, mode="bilinear", antialias=True, align_corners=False)
        return seen.to(pictures.dtype)

    def walk(self, pictures: Tensor) -> Walk:
        features = F.pixel_unshuffle((pictures - MIDDLE) / SPREAD, FOLD)
        for number, convolution in enumerate(self.convolutions):
            if number in (1, 2):
                features = F.avg_pool2d(features, 2)
            features = F.relu((yield convolution(features)))
        return self.head(features)

    def finish(self, colored: Tensor, result: Tensor, opened: Tensor) -> Tensor:
        return apply_grid(colored, self.cells(result.to(colored), opened.to(colored)), self.guide(colored))

    def cells(self, result: Tensor, opened: Tensor) -> Tensor:
        """The grid of affine maps, ``(N, 12, depth, CELLS, CELLS)``."""
        opened = opened[:, :1]
        if opened.shape[-1] > 1:
            opened = F.adaptive_avg_pool2d(opened, CELLS)
        changed = opened * result
        cells = changed.view(len(changed), 12, self.depth, CELLS, CELLS)
        return IDENTITY.to(cells).view(1, 12, 1, 1, 1) + cells

    def guide(self, pictures: Tensor) -> Tensor:
        """The brightness that the grid is looked up by, ``(N, 1, H, W)`` in [0, 1]."""
        return F.conv2d(pictures, self.luma.to(pictures)).clamp(0, 1)


BAND = 2**16
"""Pixels of a band, about."""


class PhotoPainter:
    """Paints and measures; bands go to the device and back."""

    def __init__(self, network: PhotoNet, device: torch.device) -> None:
        self.network = network.to(device)
        self.device = device

    def paint(self, content: Content, manners: Sequence[Manner], known: Sequence[StyleCode] | None) -> Tensor:
        """A result of the content's kind and size."""
        wished = wishes(self.network, content, manners, known)
        lines = None
        if not wished.still:
            looked = self._looked(content, wished, manners, known)
            cells = self.network.cells(looked.result.float(), looked.opened.float())[0]
            lines = interpolate_grid_rows(cells, content.size[0])
        result = content.empty()
        for box in _bands(content):
            band = self._colored(content, wished, box)
            if lines is not None:
                guide = self.network.guide(band)
                band = apply_grid_rows(band, lines[box.top : box.bottom], guide).clamp(0, 1)
            _store(band.cpu(), box, result)
        return result

    def measure(self, content: Content, manners: Sequence[Manner]) -> list[StyleCode]:
        """The content's own statistics under each manner."""
        wished = wishes(self.network, content, manners, None)
        looked = self._looked(content, wished, manners, None)
        return [
            StyleCode(own.double(), tuple(site.double() for site in sites))
            for own, sites in zip(wished.own, looked.sites, strict=True)
        ]

    def _looked(
        self,
        content: Content,
        wished: Wishes,
        manners: Sequence[Manner],
        known: Sequence[StyleCode] | None,
    ) -> Looked:
        """The trunk on the small picture; rows are squeezed band by band, then all columns at once."""
        rows, masks = [], []
        for box in _bands(content):
            rows.append(_squeezed(self._colored(content, wished, box)))
            shares = wished.cut(box)
            if shares is not None:
                masks.append(_squeezed(shares.to(self.device)))
        small = list(manners)
        if masks:
            reduced = _upright(torch.cat(masks, 2))
            small = [replace(m, mask=mask[None]) for m, mask in zip(manners, reduced, strict=True)]
        return self.network.look(_upright(torch.cat(rows, 2)), small, known)

    def _colored(self, content: Content, wished: Wishes, box: Box) -> Tensor:
        """A band in its new colours."""
        band = content.part(box).to(self.device)
        masks = wished.cut(box)
        moved = [recolor(band, affine[None].to(self.device)) for affine in wished.affines]
        if masks is None:
            return moved[0]
        shares = masks.to(self.device)
        return torch.stack([m * share for m, share in zip(moved, shares, strict=True)]).sum(0)


def _bands(content: Content) -> Iterator[Box]:
    height, width = content.size
    rows = max(1, BAND // width)
    return (Box(top, 0, min(top + rows, height), width) for top in range(0, height, rows))


def _squeezed(band: Tensor) -> Tensor:
    """As the network reduces pictures, but the width alone: ``(N, C, h, LOOKED_AT)``."""
    size = (band.shape[-2], LOOKED_AT)
    return F.interpolate(band, size, mode="bilinear", antialias=True, align_corners=False)


def _upright(squeezed: Tensor) -> Tensor:
    """Then the height: ``(N, C, LOOKED_AT, LOOKED_AT)``."""
    size = (LOOKED_AT, LOOKED_AT)
    return F.interpolate(squeezed, size, mode="bilinear", antialias=True, align_corners=False)


def _store(band: Tensor, box: Box, result: Tensor) -> None:
    if result.dtype == torch.uint8:
        result[box.top : box.bottom] = band[0].permute(1, 2, 0).mul(255).add_(0.5)
    else:
        box.crop(result).copy_(band)
