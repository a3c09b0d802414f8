"""The micro network on an engine: pictures whole, or in tiles whose statistics add up to the whole's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

from bottega.errors import ResourceError
from bottega.layers import ChannelMoments
from bottega.runtime import available_memory, spare_memory
from bottega.transfer.networks import Manner, MicroNet, StyleCode
from bottega.transfer.networks.modulation import Move
from bottega.transfer.onepass.content import Content
from bottega.transfer.onepass.manners import Wishes, wishes
from bottega.transfer.onepass.piece import Piece
from bottega.transfer.onepass.trunk import Work, factors
from bottega.transfer.onepass.waves import Waves
from bottega.transfer.tiles import Tile, grid


class Engine(Protocol):
    """Runs a trunk (:class:`bottega.transfer.onepass.trunk.Trunk`)."""

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
        spare_memory()
        reach = (self.network.reach or 0) + wished.reach
        return grid(height, width, self.tile, reach, self.network.multiple)

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
