"""A picture that is painted, bytes or floats, seen in boxes; and where what was painted goes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.layers import ColorMoments, blocks, pad_to_multiple
from bottega.transfer.onepass import colors
from bottega.transfer.tiles import Box, reduced


@dataclass(frozen=True)
class Content:
    """Pixels ``(H, W, 3)`` uint8, or ``(1, 3, H, W)`` float32 in [0, 1]."""

    pixels: Tensor

    @property
    def is_bytes(self) -> bool:
        """Which of the two."""
        return self.pixels.dtype == torch.uint8

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.pixels.shape[:2] if self.is_bytes else self.pixels.shape[2:]
        return height, width

    @property
    def box(self) -> Box:
        """All of it."""
        return Box(0, 0, *self.size)

    @property
    def scale(self) -> float:
        """What makes its numbers colours in [0, 1]."""
        return 1 / 255 if self.is_bytes else 1.0

    def moments(self, mask: Tensor | None) -> ColorMoments:
        """Of all its colours, or of those inside a mask; in float64."""
        return colors.moments(self.pixels, mask)

    def part(self, box: Box) -> Tensor:
        """The pixels of a box, as floats ``(1, 3, h, w)`` in [0, 1]."""
        if not self.is_bytes:
            return box.of(self.pixels)
        rows = self.pixels[box.top : box.bottom, box.left : box.right]
        return rows.permute(2, 0, 1)[None].float().div_(255)

    def blocks(self, box: Box, multiple: int) -> Tensor:
        """The pixels of a box as blocks ``(h, w, 48)``, filled up to ``multiple``."""
        if not self.is_bytes:
            return blocks.blocks_of_picture(pad_to_multiple(box.of(self.pixels), multiple))
        rows = self.pixels[box.top : box.bottom, box.left : box.right]
        return blocks.blocks_of_bytes(rows.numpy(), multiple)

    def empty(self) -> Tensor:
        """Room for a result of the same kind."""
        return torch.empty_like(self.pixels, memory_format=torch.contiguous_format)

    def store(self, painted: Tensor, inner: Box, result: Tensor, core: Box) -> None:
        """Write the part ``inner`` of painted blocks to ``core``; their corners are multiples of four."""
        cut = reduced(inner, blocks.SIDE)
        kept = painted[cut.top : cut.bottom, cut.left : cut.right]
        if self.is_bytes:
            target = result[core.top : core.bottom, core.left : core.right].numpy()
            blocks.store_bytes(kept.contiguous(), target)
            return
        target_box = core.of(result)
        target_box.copy_(blocks.picture_of_blocks(kept)[..., : target_box.shape[-2], : target_box.shape[-1]])
