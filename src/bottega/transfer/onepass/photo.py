"""The photorealistic network: its trunk sees a small picture, the large one is worked on in bands of rows.

So it needs no tiles, no more memory than a band, and no engine but torch: almost all of its time goes into
looking up each pixel's map of colours, which is done where the pixels are in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers import grid_lines, recolor, transform_by_lines
from bottega.transfer.networks import Manner, PhotoNet, StyleCode
from bottega.transfer.networks.own_statistics import Looked
from bottega.transfer.networks.photo import LOOKED_AT
from bottega.transfer.onepass.content import Content
from bottega.transfer.onepass.manners import Wishes, wishes
from bottega.transfer.tiles import Box

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
            lines = grid_lines(cells, content.size[0])
        result = content.empty()
        for box in _bands(content):
            band = self._colored(content, wished, box)
            if lines is not None:
                guide = self.network.guide(band)
                band = transform_by_lines(band, lines[box.top : box.bottom], guide).clamp(0, 1)
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
        box.of(result).copy_(band)
