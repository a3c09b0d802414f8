"""Targets of the optimization: at each scale, the encoder's view of contents and styles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.losses import StyleTerm, content_power
from bottega.pictures import resize
from bottega.transfer.optimize.objective import (
    LossWeights,
    RegionTarget,
    TransferTarget,
    encode_core,
    encoder_tiles,
)
from bottega.transfer.regions import Region, Style, mask_pyramid
from bottega.transfer.tiles import Box

# Larger pictures are encoded in tiles of this side, so that memory is bounded.
ENCODING_TILE_PIXELS = 1024


@dataclass(frozen=True)
class TargetBuilder:
    """Builds the target of each scale; holds what is the same for all of them.

    Attributes:
        encoder: frozen; computes in its own type.
        term: the style term.
        weights: of layers and losses.
        style_scale: long side of styles as a multiple of the picture's.
        strength: share of the styles in the target statistics; the rest is the content's.
        regions: a partition of the picture; see ``regions``.
    """

    encoder: Encoder
    term: StyleTerm[Any, Any]
    weights: LossWeights
    style_scale: float
    strength: float
    regions: Sequence[Region]

    @torch.no_grad()
    def build(self, content: Tensor, long_side: float) -> TransferTarget:
        """The target at the size of ``content (1, 3, H, W)``; ``long_side`` is its long side before rounding.

        Styles are resized by the exact number, so that a style equal to the content stays equal to it.
        """
        size = (content.shape[-2], content.shape[-1])
        masks = [None if r.mask is None else resize(r.mask, size) for r in self.regions]
        targets = [
            self._region_target(region, mask, content, long_side * self.style_scale)
            for region, mask in zip(self.regions, masks, strict=True)
            if region.styles and self.weights.style and region.style_weight and _area(mask)
        ]
        layers = self.weights.content_layers if self.weights.content else {}
        features, powers = self._encode_content(content, layers)
        content_masks = self._content_masks(masks, layers, size)
        return TransferTarget(features, powers, content_masks, targets, self._free_mask(masks))

    def _region_target(
        self, region: Region, mask: Tensor | None, content: Tensor, long_side: float
    ) -> RegionTarget:
        layers = self.weights.style_layers
        stats = [self._measure(*_resize_style(style, long_side), layers) for style in region.styles]
        weights = [style.weight * self.strength for style in region.styles]
        if self.strength < 1:
            stats.append(self._measure(content, mask, layers))
            weights.append(sum(style.weight for style in region.styles) * (1 - self.strength))
        targets = {n: self.term.mix([s[n] for s in stats], weights) for n in layers}
        masks = None if mask is None else self._layer_masks(mask, layers)
        return RegionTarget(region.style_weight * _area(mask), targets, masks)

    def _measure(self, picture: Tensor, mask: Tensor | None, layers: Mapping[str, float]) -> dict[str, Any]:
        """Whole-picture statistics per layer, tile by tile for large pictures."""
        masks = None if mask is None else self._layer_masks(mask, layers)
        stats: dict[str, list[Any]] = {n: [] for n in layers}
        for features, core in self._encode_tiles(picture, layers):
            for n, f in features.items():
                tile_mask = None if masks is None else core.downscale(self.encoder.strides[n]).crop(masks[n])
                stats[n].append(self.term.measure(f, tile_mask))
        return {n: self.term.merge(s) for n, s in stats.items()}

    def _encode_content(
        self, picture: Tensor, layers: Mapping[str, float]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Whole feature maps and their powers, computed tile by tile for large pictures."""
        maps: dict[str, Tensor] = {}
        powers: dict[str, Tensor] = {}
        for features, core in self._encode_tiles(picture, layers) if layers else ():
            for n, f in features.items():
                stride = self.encoder.strides[n]
                if n not in maps:
                    size = (-(-picture.shape[-2] // stride), -(-picture.shape[-1] // stride))
                    maps[n] = f.new_empty((1, f.shape[1], *size))
                core.downscale(stride).crop(maps[n]).copy_(f)
                power = content_power(f)
                powers[n] = powers[n] + power if n in powers else power
        return maps, powers

    def _encode_tiles(
        self, picture: Tensor, layers: Mapping[str, float]
    ) -> Iterator[tuple[dict[str, Tensor], Box]]:
        """Yields each tile's core features and its core box."""
        for tile in encoder_tiles(self.encoder, layers, picture, ENCODING_TILE_PIXELS):
            yield encode_core(self.encoder, layers, tile.padded.crop(picture), tile), tile.core

    def _layer_masks(self, mask: Tensor, layers: Mapping[str, float]) -> dict[str, Tensor]:
        by_stride = mask_pyramid(mask, {self.encoder.strides[n] for n in layers})
        return {n: by_stride[self.encoder.strides[n]] for n in layers}

    def _content_masks(
        self, masks: Sequence[Tensor | None], layers: Mapping[str, float], size: tuple[int, int]
    ) -> dict[str, Tensor] | None:
        """The regions' content weights as one map, per layer; ``None`` where all are 1."""
        if all(region.content_weight == 1 for region in self.regions):
            return None
        weighted = [
            region.content_weight * (torch.ones((1, 1, *size)) if mask is None else mask)
            for region, mask in zip(self.regions, masks, strict=True)
        ]
        return self._layer_masks(torch.stack(weighted).sum(0), layers)

    def _free_mask(self, masks: Sequence[Tensor | None]) -> Tensor | None:
        """1 where pixels may change: everywhere but in regions without a style."""
        pairs = zip(self.regions, masks, strict=True)
        fixed = [mask for region, mask in pairs if not region.styles and mask is not None]
        return 1 - torch.stack(fixed).sum(0).clamp(0, 1) if fixed else None


def _area(mask: Tensor | None) -> float:
    """Share of the picture that a mask covers."""
    return 1.0 if mask is None else mask.mean().item()


def _resize_style(style: Style, long_side: float) -> tuple[Tensor, Tensor | None]:
    """Style picture and mask at the scale of the content; never enlarged, which would only blur."""
    height, width = style.picture.shape[-2:]
    shrink = min(1.0, long_side * style.scale / max(height, width))
    size = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    return resize(style.picture, size), None if style.mask is None else resize(style.mask, size)
