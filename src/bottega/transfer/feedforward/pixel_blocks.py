"""Images as blocks of 4 × 4 pixels: color moments, recoloring, and the micro network's block transform.

UInt8Array stay bytes for as long as possible; a few thousand blocks at a time become floats, go through all
operations while they are in the CPU cache, and are bytes again. Nothing is rounded below float32.
"""

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
from bottega.transfer.feedforward.micro import COLORS, PIXEL_MEAN, PIXEL_STD, MicroNet
from bottega.transfer.tiles import Box

BLOCK_PIXELS = BLOCK_SIDE**2

BlockColorMap: TypeAlias = tuple[Tensor, Tensor]
"""A color map for whole blocks: ``(48, 48)`` to multiply from the right, and ``(48,)`` to add."""


@dataclass(frozen=True)
class ImageBuffer:
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

    def moments(self, mask: Tensor | None) -> ColorMoments:
        """Color moments of the image, or of the part inside a mask; in float64, in units of [0, 1]."""
        if not self.is_bytes:
            return color_moments(self.pixels, mask).double()
        if mask is None:
            return byte_moments(self.pixels)
        return color_moments(self.pixels.permute(2, 0, 1)[None] / 255, mask).double()

    def crop(self, box: Box) -> Tensor:
        """The pixels of a box, floats ``(1, 3, h, w)`` in [0, 1]."""
        if not self.is_bytes:
            return box.crop(self.pixels)
        rows = self.pixels[box.top : box.bottom, box.left : box.right]
        return rows.permute(2, 0, 1)[None].float().div_(255)

    def blocks(self, box: Box, multiple: int) -> Tensor:
        """The pixels of a box as blocks ``(h, w, 48)``, padded to ``multiple``."""
        if not self.is_bytes:
            return blocks.picture_to_blocks(pad_to_multiple(box.crop(self.pixels), multiple))
        rows = self.pixels[box.top : box.bottom, box.left : box.right]
        return blocks.bytes_to_blocks(rows.numpy(), multiple)

    def empty(self) -> Tensor:
        """Memory for a result of the same kind."""
        return torch.empty_like(self.pixels, memory_format=torch.contiguous_format)

    def store(self, stylized: Tensor, inner: Box, result: Tensor, core: Box) -> None:
        """Write the part ``inner`` of blocks to ``core`` of ``result``; corners are multiples of four."""
        cut = inner.downscale(BLOCK_SIDE)
        values = stylized[cut.top : cut.bottom, cut.left : cut.right]
        if self.is_bytes:
            target = result[core.top : core.bottom, core.left : core.right].numpy()
            blocks.blocks_to_bytes(values.contiguous(), target)
            return
        destination = core.crop(result)
        height, width = destination.shape[-2:]
        destination.copy_(blocks.blocks_to_picture(values)[..., :height, :width])


def byte_moments(pixels: Tensor) -> ColorMoments:
    """Exact color moments of ``pixels (H, W, 3)`` uint8, in units of [0, 1].

    Sixteen pixels make a row of 48 numbers; the products of all its columns hold each pixel's nine on their
    diagonal, and one large matrix product is faster than a thin one of three columns.
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
    diagonal = second.view(BLOCK_PIXELS, 3, BLOCK_PIXELS, 3).diagonal(dim1=0, dim2=2).sum(-1)
    rest = numbers[whole:].view(-1, 3).double()
    mass = torch.tensor([[numbers.numel() / 3]], dtype=torch.float64)
    total = (first.view(BLOCK_PIXELS, 3).sum(0) + rest.sum(0)) / 255
    return ColorMoments(mass, total[None], ((diagonal + rest.mT @ rest) / 255**2)[None])


def block_color_map(color_map: Tensor, scale: float = 1.0) -> BlockColorMap:
    """A color map ``(3, 4)`` for whole blocks, whose numbers are multiplied by ``scale`` first."""
    matrix = torch.kron(torch.eye(BLOCK_PIXELS), color_map[:, :3].mT.float().contiguous() * scale)
    return matrix, color_map[:, 3].float().repeat(BLOCK_PIXELS)


def recolor_blocks(values: Tensor, color_map: BlockColorMap | None) -> Tensor:
    """Blocks ``(n, 48)`` in their new colors, float32 in [0, 1]; without a map perhaps ``values`` itself."""
    if color_map is None:
        return values.float()
    matrix, offset = color_map
    return torch.addmm(offset, values.float(), matrix).clamp_(0, 1)


class BlockTransform:
    """:meth:`MicroNet.to_features` and :meth:`MicroNet.finish` for blocks, which are ordered otherwise."""

    def __init__(self, network: MicroNet) -> None:
        analysis = network.analysis[:, NETWORK_ORDER, 0, 0].float()
        self.analysis = (analysis / PIXEL_STD).T.contiguous()
        self.offset = -PIXEL_MEAN / PIXEL_STD * analysis.sum(1)
        self.synthesis = torch.zeros(BLOCK_VALUES, BLOCK_VALUES)
        self.synthesis[COLORS:] = network.synthesis[NETWORK_ORDER, :, 0, 0].float().T
        self.tones = network.tones[:, :, 0, 0].float().T

    def to_features(
        self, values: Tensor, color_map: BlockColorMap | None, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor]:
        """Recolor blocks ``(h, w, 48)``; their coefficients ``(h, w, 48)`` and mean colors ``(h, w, 3)``."""
        coefficients = torch.empty(values.shape, dtype=dtype)
        means = torch.empty(*values.shape[:2], COLORS)
        for rows in row_bands(values):
            band = recolor_blocks(values[rows].reshape(-1, BLOCK_VALUES), color_map)
            means[rows] = band.view(-1, BLOCK_PIXELS, COLORS).mean(1).view(means[rows].shape)
            coefficients[rows] = torch.addmm(self.offset, band, self.analysis).view(values[rows].shape)
        return coefficients, means

    def finish(
        self,
        values: Tensor,
        color_map: BlockColorMap | None,
        means: Tensor,
        residual: Tensor,
        factors: Tensor,
        weights: Sequence[Tensor] | None,
        result: Tensor,
    ) -> None:
        """Write the stylized image to ``result (h, w, 48)``: bytes, or floats in [0, 1].

        Args:
            values, color_map, means: the content, see :meth:`to_features`.
            residual: the trunk's, ``(h, w, 48)``.
            factors: of :meth:`SelfModulatedNet.residual_factors`, ``(K, 2)``.
            weights: the masks as blocks, ``(h, w, 48)`` each; None for the whole image, where K is 1.
        """
        tones = pad_tones(residual[..., :COLORS].float() @ self.tones)
        smooth = pad_tones(means)
        gate, sharpness = (float(factor) for factor in factors[0])
        combined = gate * tones - sharpness * smooth
        for rows in row_bands(values):
            colored = recolor_blocks(values[rows].reshape(-1, BLOCK_VALUES), color_map)
            detail = residual[rows].reshape(-1, BLOCK_VALUES).float()
            if weights is None:
                band = torch.addmm(colored, detail, self.synthesis, beta=1 + sharpness, alpha=gate)
                band += upsample_tones(combined, rows)
            else:
                parts = [weight[rows].reshape(-1, BLOCK_VALUES) for weight in weights]
                gates, sharpnesses = (
                    torch.stack([f * part for f, part in zip(column, parts, strict=True)]).sum(0)
                    for column in factors.T
                )
                band = colored + gates * torch.addmm(upsample_tones(tones, rows), detail, self.synthesis)
                band += sharpnesses * (colored - upsample_tones(smooth, rows))
            _store(band.clamp_(0, 1), result[rows])

    def recolor(self, values: Tensor, color_map: BlockColorMap | None, result: Tensor) -> None:
        """Write the recolored content to ``result``."""
        for rows in row_bands(values):
            band = recolor_blocks(values[rows].reshape(-1, BLOCK_VALUES), color_map)
            _store(band.clone() if color_map is None else band, result[rows])


def _store(band: Tensor, result: Tensor) -> None:
    if result.dtype == torch.uint8:
        band.mul_(255).add_(0.5)
    result.copy_(band.view(result.shape))
