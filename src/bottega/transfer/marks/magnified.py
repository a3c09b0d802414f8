"""Marks larger than they are in the style's picture, for pictures that are much larger than it.

A photograph of twelve megapixels is looked at as a whole; strokes of a style of one megapixel would be grain
on it. They are laid on the picture reduced, and what they changed there is enlarged and added.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers.blocks import SIDE, blocks_of_picture, picture_of_blocks
from bottega.transfer.marks.laying import lay
from bottega.transfer.marks.marks import Marks

MAGNIFICATIONS = (1, 2, 4)


@torch.no_grad()
def lay_magnified(
    colored: Tensor,
    means: Tensor,
    several: Sequence[Marks],
    amount: float,
    color: float,
    corner: tuple[int, int],
    times: int,
) -> Tensor:
    """As :func:`bottega.transfer.marks.lay`, ``times`` as large, one of :data:`MAGNIFICATIONS`."""
    if times == 1:
        return lay(colored, means, several, amount, color, corner)
    small = _reduced(colored, times)
    blocks = blocks_of_picture(small).clone(memory_format=torch.contiguous_format)
    coarse = F.avg_pool2d(means.permute(2, 0, 1)[None], times)[0].permute(1, 2, 0)
    begin = (corner[0] // times, corner[1] // times)
    changed = picture_of_blocks(lay(blocks, coarse, several, amount, color, begin)) - small
    large = F.interpolate(changed, scale_factor=times, mode="bilinear", align_corners=False)
    return colored.add_(blocks_of_picture(large)).clamp_(0, 1)


def _reduced(blocks: Tensor, times: int) -> Tensor:
    """Blocks ``(h, w, 48)`` as a picture so many times smaller, ``(1, 3, …)``."""
    rows, columns, _ = blocks.shape
    kept = SIDE // times
    parts = blocks.view(rows, columns, kept, times, kept, times, 3).mean((3, 5))
    return parts.permute(4, 0, 2, 1, 3).reshape(1, 3, rows * kept, columns * kept)
