"""Pictures of any size in flat memory, painted exactly as if they had been painted whole.

Every site's statistics depend on how the sites before it were moved, so the whole picture's exact ones are
found site by site: one pass over all tiles for each, which runs the trunk as far as that site and adds up its
sums. All that is kept between passes is a few hundred numbers. Keeping the features themselves would
take one pass less per site, but memory that grows with the picture; measuring a reduced picture would take
almost nothing, but fine grain is what reduction removes, and tiles would no longer equal the whole. The
passes cost about four times the painting itself; a style code, and frames of a video, need none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.transfer.networks.code import Manner, StyleCode
from bottega.transfer.networks.own_statistics import OwnStatisticsNet
from bottega.transfer.tiles import Box, Tile, grid

Read = Callable[[Box], Tensor]
Write = Callable[[Box, Tensor], None]


@dataclass(frozen=True)
class TiledPicture:
    """A picture that is only ever seen in pieces.

    Attributes:
        height, width: in pixels.
        read: gives ``(1, 3, h, w)`` in [0, 1] of a box; it may come from 8-bit pixels or from a file.
        tile: side of a core in pixels.
    """

    height: int
    width: int
    read: Read
    tile: int = 1024

    def tiles(self, network: OwnStatisticsNet) -> list[Tile]:
        """Cores that cover the picture once, with the context that the network needs.

        Raises:
            SettingsError: the network looks at the picture as a whole.
        """
        if network.reach is None:
            raise SettingsError(f"{type(network).__name__} looks at the whole picture; it has no tiles.")
        return grid(self.height, self.width, self.tile, network.reach, network.multiple)


@torch.no_grad()
def encode_tiled(network: OwnStatisticsNet, style: TiledPicture) -> StyleCode:
    """The code of a style picture of any size: unmodulated, it takes one pass for all sites."""
    codes = (
        network.encode(style.read(tile.region), core=tile.inner).double() for tile in style.tiles(network)
    )
    total = next(codes)
    for code in codes:
        total = total + code
    return total


@torch.no_grad()
def measure_content(
    network: OwnStatisticsNet, content: TiledPicture, manners: Sequence[Manner]
) -> list[StyleCode]:
    """The content's own statistics under each manner: ``known`` of :meth:`OwnStatisticsNet.stylize`."""
    pieces = content.tiles(network)

    def looked() -> Iterator[tuple[Tensor, list[Manner], Box]]:
        for tile in pieces:
            yield content.read(tile.region), _cut(manners, tile.region), tile.inner

    known: list[StyleCode] = []
    for picture, cut, core in looked():
        found = [code.double() for code in network.measure_colors(picture, cut, core)]
        known = [a + b for a, b in zip(known, found, strict=True)] if known else found
    for _ in network.strides:
        sums = [
            [site.double() for site in network.measure_site(picture, cut, known, core)]
            for picture, cut, core in looked()
        ]
        totals = sums[0]
        for part in sums[1:]:
            totals = [a + b for a, b in zip(totals, part, strict=True)]
        known = [code.with_site(total) for code, total in zip(known, totals, strict=True)]
    return known


@torch.no_grad()
def stylize_tiled(
    network: OwnStatisticsNet,
    content: TiledPicture,
    manners: Sequence[Manner],
    write: Write,
    known: Sequence[StyleCode] | None = None,
) -> None:
    """Paint a picture of any size; ``write`` gets every core, ``(1, 3, h, w)`` in [0, 1], once.

    Args:
        known: the content's statistics, where they were measured before (the frame before, say).
    """
    known = measure_content(network, content, manners) if known is None else known
    for tile in content.tiles(network):
        painted = network.stylize(content.read(tile.region), _cut(manners, tile.region), known)
        write(tile.core, tile.inner.of(painted))


def _cut(manners: Sequence[Manner], region: Box) -> list[Manner]:
    """The manners of a tile: masks cut to its region."""
    return [m if m.mask is None else replace(m, mask=region.of(m.mask)) for m in manners]
