"""A picture that is painted, bytes or floats, seen in boxes; and where what was painted goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from bottega.layers import ColorMoments, blocks, color_moments, pad_to_multiple
from bottega.layers.blocks import (
    BLOCK_SIDE,
    BLOCK_VALUES,
    BLOCKS_PER_BAND,
    NETWORK_ORDER,
    pad_tones,
    row_bands,
    upsample_tones,
)
from bottega.transfer.feedforward.micro import COLORS, MIDDLE, SPREAD, MicroNet
from bottega.transfer.tiles import Box


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
        return moments(self.pixels, mask)

    def part(self, box: Box) -> Tensor:
        """The pixels of a box, as floats ``(1, 3, h, w)`` in [0, 1]."""
        if not self.is_bytes:
            return box.crop(self.pixels)
        rows = self.pixels[box.top : box.bottom, box.left : box.right]
        return rows.permute(2, 0, 1)[None].float().div_(255)

    def blocks(self, box: Box, multiple: int) -> Tensor:
        """The pixels of a box as blocks ``(h, w, 48)``, filled up to ``multiple``."""
        if not self.is_bytes:
            return blocks.picture_to_blocks(pad_to_multiple(box.crop(self.pixels), multiple))
        rows = self.pixels[box.top : box.bottom, box.left : box.right]
        return blocks.bytes_to_blocks(rows.numpy(), multiple)

    def empty(self) -> Tensor:
        """Room for a result of the same kind."""
        return torch.empty_like(self.pixels, memory_format=torch.contiguous_format)

    def store(self, painted: Tensor, inner: Box, result: Tensor, core: Box) -> None:
        """Write the part ``inner`` of painted blocks to ``core``; their corners are multiples of four."""
        cut = inner.downscale(blocks.BLOCK_SIDE)
        kept = painted[cut.top : cut.bottom, cut.left : cut.right]
        if self.is_bytes:
            target = result[core.top : core.bottom, core.left : core.right].numpy()
            blocks.blocks_to_bytes(kept.contiguous(), target)
            return
        target_box = core.crop(result)
        target_box.copy_(blocks.blocks_to_picture(kept)[..., : target_box.shape[-2], : target_box.shape[-1]])


PIXELS = BLOCK_SIDE**2

Map: TypeAlias = tuple[Tensor, Tensor]
"""A map of colours for whole blocks: ``(48, 48)`` to multiply from the right, and ``(48,)`` to add."""


def byte_moments(pixels: Tensor) -> ColorMoments:
    """Exact moments of the colours of ``pixels (H, W, 3)`` uint8, in units of [0, 1].

    Sixteen pixels make a row of 48 numbers; the products of all its columns hold each pixel's nine in their
    diagonal, and one large matrix product is quicker than the thin one of three columns.
    """
    numbers = pixels.reshape(-1)
    whole = numbers.numel() // BLOCK_VALUES * BLOCK_VALUES
    rows = numbers[:whole].view(-1, BLOCK_VALUES)
    first = torch.zeros(BLOCK_VALUES, dtype=torch.float64)
    second = torch.zeros(BLOCK_VALUES, BLOCK_VALUES, dtype=torch.float64)
    for start in range(0, len(rows), BLOCKS_PER_BAND):
        band = rows[start : start + BLOCKS_PER_BAND].float()
        first += band.sum(0)
        second += band.mT @ band
    diagonal = second.view(PIXELS, 3, PIXELS, 3).diagonal(dim1=0, dim2=2).sum(-1)
    left = numbers[whole:].view(-1, 3).double()
    mass = torch.tensor([[numbers.numel() / 3]], dtype=torch.float64)
    total = (first.view(PIXELS, 3).sum(0) + left.sum(0)) / 255
    return ColorMoments(mass, total[None], ((diagonal + left.mT @ left) / 255**2)[None])


def moments(pixels: Tensor, mask: Tensor | None = None) -> ColorMoments:
    """As :func:`bottega.layers.color_moments`, in float64; ``pixels`` may be bytes ``(H, W, 3)``, too."""
    if pixels.dtype != torch.uint8:
        return color_moments(pixels, mask).double()
    if mask is None:
        return byte_moments(pixels)
    return color_moments(pixels.permute(2, 0, 1)[None] / 255, mask).double()


def on_whole_blocks(affine: Tensor, scale: float = 1.0) -> Map:
    """A map of colours ``(3, 4)`` as one of blocks.

    Args:
        scale: what the numbers in the blocks are to be multiplied by first.
    """
    matrix = torch.kron(torch.eye(PIXELS), affine[:, :3].mT.float().contiguous() * scale)
    return matrix, affine[:, 3].float().repeat(PIXELS)


def recolored(blocks: Tensor, map: Map | None) -> Tensor:
    """Blocks ``(n, 48)`` in their new colours, float32 in [0, 1].

    Without a map they have them already, and what comes back may be themselves.
    """
    if map is None:
        return blocks.float()
    matrix, offset = map
    return torch.addmm(offset, blocks.float(), matrix).clamp_(0, 1)


class Waves:
    """A network's own transforms, in the order of our blocks."""

    def __init__(self, network: MicroNet) -> None:
        analysis = network.analysis[:, NETWORK_ORDER, 0, 0].float()
        self.analysis = (analysis / SPREAD).T.contiguous()
        self.start = -MIDDLE / SPREAD * analysis.sum(1)
        self.synthesis = torch.zeros(BLOCK_VALUES, BLOCK_VALUES)
        self.synthesis[COLORS:] = network.synthesis[NETWORK_ORDER, :, 0, 0].float().T
        self.tones = network.tones[:, :, 0, 0].float().T

    def seen(self, blocks: Tensor, map: Map | None, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Blocks ``(h, w, 48)`` in new colours: their coefficients, likewise, and means ``(h, w, 3)``."""
        coefficients = torch.empty(blocks.shape, dtype=dtype)
        means = torch.empty(*blocks.shape[:2], COLORS)
        for rows in row_bands(blocks):
            band = recolored(blocks[rows].reshape(-1, BLOCK_VALUES), map)
            means[rows] = band.view(-1, BLOCK_SIDE**2, COLORS).mean(1).view(means[rows].shape)
            coefficients[rows] = torch.addmm(self.start, band, self.analysis).view(blocks[rows].shape)
        return coefficients, means

    def finish(
        self,
        blocks: Tensor,
        map: Map | None,
        means: Tensor,
        result: Tensor,
        factors: Tensor,
        shares: Sequence[Tensor] | None,
        painted: Tensor,
    ) -> None:
        """What :meth:`MicroNet.finish` does, into ``painted (h, w, 48)``: bytes, or floats in [0, 1].

        Args:
            blocks, map, means: of the content, see :meth:`seen`.
            result: the trunk's, ``(h, w, 48)``.
            factors: ``(K, 2)``, the gates, and how much of the fine detail is added.
            shares: the masks as blocks, ``(h, w, 48)`` each; none for the whole picture, where K is 1.
        """
        tones = pad_tones(result[..., :COLORS].float() @ self.tones)
        smooth = pad_tones(means)
        drawn, detail = (float(factor) for factor in factors[0])
        both = drawn * tones - detail * smooth
        for rows in row_bands(blocks):
            colored = recolored(blocks[rows].reshape(-1, BLOCK_VALUES), map)
            more = result[rows].reshape(-1, BLOCK_VALUES).float()
            if shares is None:
                band = torch.addmm(colored, more, self.synthesis, beta=1 + detail, alpha=drawn)
                band += upsample_tones(both, rows)
            else:
                maps = [share[rows].reshape(-1, BLOCK_VALUES) for share in shares]
                opened, sharper = (_mixed(maps, factors[:, number]) for number in range(2))
                band = colored + opened * torch.addmm(upsample_tones(tones, rows), more, self.synthesis)
                band += sharper * (colored - upsample_tones(smooth, rows))
            _store(band.clamp_(0, 1), painted[rows])

    def recolor(self, blocks: Tensor, map: Map | None, painted: Tensor) -> None:
        """Where nothing but colours moves."""
        for rows in row_bands(blocks):
            band = recolored(blocks[rows].reshape(-1, BLOCK_VALUES), map)
            _store(band.clone() if map is None else band, painted[rows])


def _mixed(shares: Sequence[Tensor], factors: Tensor) -> Tensor:
    return torch.stack([factor * share for factor, share in zip(factors, shares, strict=True)]).sum(0)


def _store(band: Tensor, painted: Tensor) -> None:
    if painted.dtype == torch.uint8:
        band.mul_(255).add_(0.5)
    painted.copy_(band.view(painted.shape))
