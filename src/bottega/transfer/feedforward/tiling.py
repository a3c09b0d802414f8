"""The micro network on an engine: pictures whole, or in tiles whose statistics add up to the whole's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from bottega.errors import ResourceError
from bottega.layers import ChannelMoments, pad_to_multiple, reduce_mask
from bottega.layers.blocks import BLOCK_SIDE, picture_to_blocks
from bottega.runtime import available_memory, reduce_malloc_retention
from bottega.transfer.feedforward.graph import MASK_STRIDES, Work, factors
from bottega.transfer.feedforward.micro import MicroNet
from bottega.transfer.feedforward.pixel_blocks import Content, Map, Waves
from bottega.transfer.feedforward.prepared_targets import Wishes, dressed, wishes
from bottega.transfer.feedforward.self_modulated import Move
from bottega.transfer.feedforward.style_code import Manner, StyleCode
from bottega.transfer.tiles import Tile, tile_grid


class Engine(Protocol):
    """Runs a trunk (:class:`bottega.transfer.feedforward.graph.Trunk`)."""

    name: str
    bytes_per_pixel: int
    """That a picture in one piece takes while it is painted, about."""
    takes: torch.dtype
    """Of the coefficients that it is given."""

    def run(self, work: Work, inputs: Mapping[str, Tensor]) -> Sequence[Tensor]:
        """What the trunk's ``forward`` says; it lasts until the next run."""


class MicroPainter:
    """Paints and measures.

    Args:
        whole: most pixels of a picture that is worked on in one piece.
        tile: side in pixels of the cores of larger ones.
    """

    def __init__(self, network: MicroNet, engine: Engine, *, whole: int, tile: int) -> None:
        self.network = network
        self.engine = engine
        self.waves = Waves(network)
        self.whole = whole
        self.tile = tile

    def paint(self, content: Content, manners: Sequence[Manner], known: Sequence[StyleCode] | None) -> Tensor:
        """A result of the content's kind and size."""
        wished = wishes(self.network, content, manners, known)
        tiles = self._tiles(content, wished)
        if known is None and len(tiles) > 1 and not wished.still:
            known = self._measured(content, wished, tiles)
        moves = wished.moves(self.network, known) if known else []
        result = content.empty()
        for tile in tiles:
            piece = Piece(self.network, content, wished, tile)
            content.store(self._painted(piece, moves, result.dtype), tile.inner, result, tile.core)
        return result

    def measure(self, content: Content, manners: Sequence[Manner]) -> list[StyleCode]:
        """The content's own statistics under each manner."""
        wished = wishes(self.network, content, manners, None)
        return self._measured(content, wished, self._tiles(content, wished))

    def _tiles(self, content: Content, wished: Wishes) -> list[Tile]:
        height, width = content.size
        if height * width <= self.whole and self._fits(height * width):
            return [Tile(content.box, content.box)]
        reduce_malloc_retention()
        reach = (self.network.reach or 0) + wished.reach
        return tile_grid(height, width, self.tile, reach, self.network.multiple)

    def _fits(self, pixels: int) -> bool:
        try:
            return pixels * self.engine.bytes_per_pixel < available_memory()
        except ResourceError:  # this system does not tell
            return True

    def _painted(self, piece: Piece, moves: Sequence[Move], dtype: torch.dtype) -> Tensor:
        """Blocks ``(h, w, 48)`` of the whole piece."""
        painted = torch.empty(piece.blocks.shape, dtype=dtype)
        if piece.wished.still:
            self.waves.recolor(piece.blocks, piece.map, painted)
            return painted
        waves, means = self.waves.seen(piece.blocks, piece.map, self.engine.takes)
        result, *rest = self.engine.run(piece.work(known=len(moves)), piece.inputs(waves, moves))
        found = (factors(self.network, moves) if moves else rest[0]) * piece.wished.drawn
        self.waves.finish(piece.blocks, piece.map, means, result, found, piece.shares, painted)
        return painted

    def _measured(self, content: Content, wished: Wishes, tiles: Sequence[Tile]) -> list[StyleCode]:
        """Site by site, as each depends on how the ones before moved; in one go where there is no need."""
        sites = len(self.network.channels)
        at_once = len(tiles) == 1 or wished.still
        known = [StyleCode(own.double(), ()) for own in wished.own]
        for first in range(0, sites, sites if at_once else 1):
            last = sites - 1 if at_once else first
            found = self._sums(content, wished, tiles, known, last)
            known = [
                StyleCode(code.colors, (*code.sites, *more)) for code, more in zip(known, found, strict=True)
            ]
        return known

    def _sums(
        self,
        content: Content,
        wished: Wishes,
        tiles: Sequence[Tile],
        known: Sequence[StyleCode],
        last: int,
    ) -> list[list[ChannelMoments]]:
        """Over all tiles, from the first site that is not known to ``last``: by manner, then by site."""
        first = len(known[0].sites)
        moves = wished.moves(self.network, known)
        totals: list[list[ChannelMoments]] = []
        for tile in tiles:
            piece = Piece(self.network, content, wished, tile)
            waves, _ = self.waves.seen(piece.blocks, piece.map, self.engine.takes)
            inputs = piece.inputs(waves, moves)
            means, squares = self.engine.run(piece.work(known=first, last=last), inputs)
            found = piece.sums(first, means, squares)
            totals = [_both(a, b) for a, b in zip(totals, found, strict=True)] if totals else found
        return totals


def _both(sums: Sequence[ChannelMoments], others: Sequence[ChannelMoments]) -> list[ChannelMoments]:
    return [a + b for a, b in zip(sums, others, strict=True)]


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
        self.blocks = content.blocks(tile.padded, network.multiple)
        self.map: Map | None = wished.maps[0]
        self.shares: list[Tensor] | None = None
        masks = wished.cut(tile.padded)
        self._masks: dict[int, Tensor] = {}
        if masks is not None:
            padded = pad_to_multiple(masks, network.multiple)
            self._masks = {stride: reduce_mask(padded, stride)[:, 0] for stride in MASK_STRIDES}
            self.shares = [picture_to_blocks(mask[None].expand(1, 3, -1, -1)) for mask in padded]
        if wished.marked or self.shares is not None:
            self.blocks = dressed(self.blocks, wished, self.shares, tile.padded)
            self.map = None

    @cached_property
    def boxes(self) -> list[tuple[int, int, int, int]]:
        """Site by site, the positions that count: those of the tile's core."""
        found = [self.tile.inner.downscale(stride) for stride in self.network.strides]
        return [(box.top, box.left, box.bottom, box.right) for box in found]

    def work(self, known: int = 0, last: int | None = None) -> Work:
        """What a trunk is to do with it."""
        height, width = (BLOCK_SIDE * side for side in self.blocks.shape[:2])
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
