"""Pictures in a style's colours and with its marks on: what the network is shown of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bottega.layers.blocks import NUMBERS, row_bands
from bottega.transfer.marks import lay_magnified
from bottega.transfer.onepass.colors import PIXELS, Map, recolored
from bottega.transfer.onepass.manners import Wishes
from bottega.transfer.tiles import Box


def dressed(blocks: Tensor, wished: Wishes, shares: Sequence[Tensor] | None, region: Box) -> Tensor:
    """Blocks ``(h, w, 48)`` in new colours and with marks, by each manner in its share of the picture.

    Args:
        shares: the masks as blocks, ``(h, w, 48)`` each; none where one manner covers everything.
        region: where they lie in the whole picture, in pixels.

    Returns:
        Floats in [0, 1]; of half the length for bytes that one manner covers, which is exact to an eighth of
        a step.
    """
    total = None
    for number, laid in enumerate(wished.marks):
        colored = torch.empty(blocks.shape)
        for rows in row_bands(blocks):
            band = recolored(blocks[rows].reshape(-1, NUMBERS), wished.maps[number])
            colored[rows] = band.view(blocks[rows].shape)
        if laid.amount > 0:
            means = _means(blocks, wished.maps[number])
            down, across = laid.anchor
            corner = (region.top + down, region.left + across)
            how = (laid.marks, laid.amount, laid.color, corner)
            colored = lay_magnified(colored, means, *how, laid.magnified)
        if shares is None:
            return colored.half() if blocks.dtype == torch.uint8 else colored
        part = colored.mul_(shares[number])
        total = part if total is None else total.add_(part)
    assert total is not None
    return total


def _means(blocks: Tensor, map: Map) -> Tensor:
    """Of the blocks' colours, moved: ``(h, w, 3)`` in [0, 1].

    Number by number and not as a product of matrices, which may round otherwise in a tile than in the whole.
    """
    matrix, offset = map
    height, width, _ = blocks.shape
    means = torch.empty(height, width, 3)
    for rows in row_bands(blocks):
        means[rows] = blocks[rows].reshape(-1, width, PIXELS, 3).float().mean(2)
    red, green, blue = (means[..., color, None] * matrix[color, :3] for color in range(3))
    return (offset[:3] + red + green + blue).clamp_(0, 1)
