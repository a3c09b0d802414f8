"""One tile of a picture, or all of it, as the tensors that a trunk takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from bottega.layers import ChannelMoments, pad_to_multiple, reduce_mask
from bottega.layers.blocks import SIDE, blocks_of_picture
from bottega.transfer.networks import MicroNet
from bottega.transfer.networks.modulation import Move
from bottega.transfer.onepass import colors
from bottega.transfer.onepass.content import Content
from bottega.transfer.onepass.dressing import dressed
from bottega.transfer.onepass.manners import Wishes
from bottega.transfer.onepass.trunk import MASK_STRIDES, Work
from bottega.transfer.tiles import Tile, reduced


class Piece:
    """A tile of a content under the manners of the whole.

    Attributes:
        blocks: ``(h, w, 48)`` of the tile's region, and ``map`` of their colours; where there are masks or
            marks, the colours have been moved already and there is no map.
        shares: the masks as blocks, ``(h, w, 48)`` each; none where one manner covers everything.
    """

    def __init__(self, network: MicroNet, content: Content, wished: Wishes, tile: Tile) -> None:
        self.network = network
        self.wished = wished
        self.tile = tile
        self.blocks = content.blocks(tile.region, network.multiple)
        self.map: colors.Map | None = wished.maps[0]
        self.shares: list[Tensor] | None = None
        masks = wished.cut(tile.region)
        self._masks: dict[int, Tensor] = {}
        if masks is not None:
            padded = pad_to_multiple(masks, network.multiple)
            self._masks = {stride: reduce_mask(padded, stride)[:, 0] for stride in MASK_STRIDES}
            self.shares = [blocks_of_picture(mask[None].expand(1, 3, -1, -1)) for mask in padded]
        if wished.marked or self.shares is not None:
            self.blocks = dressed(self.blocks, wished, self.shares, tile.region)
            self.map = None

    @cached_property
    def boxes(self) -> list[tuple[int, int, int, int]]:
        """Site by site, the positions that count: those of the tile's core."""
        found = [reduced(self.tile.inner, stride) for stride in self.network.strides]
        return [(box.top, box.left, box.bottom, box.right) for box in found]

    def work(self, known: int = 0, last: int | None = None) -> Work:
        """What a trunk is to do with it."""
        height, width = (SIDE * side for side in self.blocks.shape[:2])
        covers = all(
            box == (0, 0, height // stride, width // stride)
            for box, stride in zip(self.boxes, self.network.strides, strict=True)
        )
        return Work(
            known=known,
            last=last,
            regions=bool(self._masks),
            cropped=known < len(self.network.channels) and not covers,
            least=min(height, width) == self.network.multiple,
        )

    def inputs(self, waves: Tensor, moves: Sequence[Move]) -> dict[str, Tensor]:
        """All that a trunk may ask for; ``moves`` are those at the sites whose statistics are known."""
        inputs = {
            "waves": waves,
            "boxes": torch.tensor(self.boxes),
            **{f"mask{stride}": mask for stride, mask in self._masks.items()},
            **self.wished.vectors,
        }
        if moves:
            inputs["gains"] = torch.cat([move.gain for move in moves], 1)
            inputs["shifts"] = torch.cat([move.shift for move in moves], 1)
        return inputs

    def sums(self, first: int, means: Tensor, squares: Tensor) -> list[list[ChannelMoments]]:
        """What a trunk measured from site ``first`` on, as sums: by manner, then by site."""
        means, squares = means.double(), squares.double()
        found: list[list[ChannelMoments]] = [[] for _ in means]
        start, site = 0, first
        while start < means.shape[1]:
            part = slice(start, start + self.network.channels[site])
            mass = self._mass(site)
            for number, each in enumerate(found):
                m = mass[number : number + 1]
                mean, square = (values[number : number + 1, part] for values in (means, squares))
                each.append(ChannelMoments(m, m * mean, m * square))
            start, site = part.stop, site + 1
        return found

    def _mass(self, site: int) -> Tensor:
        """Of the positions that count at a site, ``(K, 1)``."""
        top, left, bottom, right = self.boxes[site]
        if not self._masks:
            return torch.tensor([[(bottom - top) * (right - left)]], dtype=torch.float64)
        mask = self._masks[self.network.strides[site]][:, top:bottom, left:right]
        return mask.double().sum((1, 2))[:, None].clamp_min(1e-12)
