"""Marks on whole pictures, for whoever has no blocks at hand."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bottega.layers import pad_to_multiple
from bottega.layers.blocks import SIDE, blocks_of_picture, picture_of_blocks
from bottega.transfer.marks.laying import lay
from bottega.transfer.marks.marks import Marks


@torch.no_grad()
def marked(pictures: Tensor, several: Sequence[Marks], amount: float = 1.0) -> Tensor:
    """Pictures ``(N, 3, H, W)`` in a style's colours, with its marks; likewise, on the same device.

    No gradient flows through it, and it is computed in float32 on the processor.
    """
    height, width = pictures.shape[-2:]
    found = []
    with torch.autocast("cpu", enabled=False):
        for picture in pad_to_multiple(pictures.float().cpu(), SIDE).clamp(0, 1):
            blocks = blocks_of_picture(picture[None]).contiguous()
            means = blocks.view(*blocks.shape[:2], -1, 3).mean(2)
            found.append(picture_of_blocks(lay(blocks, means, several, amount)))
    return torch.cat(found)[..., :height, :width].to(pictures)
