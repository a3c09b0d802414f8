"""From pictures to goals: at each scale, what contents and styles look like to the encoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.losses import StyleTerm, content_power
from bottega.pictures import resize
from bottega.transfer.optimize.objective import Goal, Part, Weights
from bottega.transfer.regions import Region, Style, mask_pyramid
from bottega.transfer.tiles import Box, grid, reduced

# Larger pictures are looked at in tiles of this side, so that memory stays flat.
LOOK = 1024


class TargetBuilder:
    """Makes the goal of each scale; holds what does not change between scales.

    Args:
        encoder: frozen, in the precision of the work.
        term: the style term.
        weights: of layers and losses.
        style_scale: long side of styles as a multiple of the picture's.
        strength: share of the styles in the target statistics; the rest is the content's own.
        regions: a partition of the picture; see ``regions``.
    """

    def __init__(
        self,
        encoder: Encoder,
        term: StyleTerm[Any, Any],
        weights: Weights,
        style_scale: float,
        strength: float,
        regions: Sequence[Region],
    ) -> None:
        self.encoder, self.term, self.weights = encoder, term, weights
        self.style_scale, self.strength, self.regions = style_scale, strength, regions

    @torch.no_grad()
    def goal(self, content: Tensor, long_side: float) -> Goal:
        """The goal for the size of ``content (1, 3, H, W)``; its long side before rounding is ``long_side``.

        Styles are resized by the exact number, so that a style equal to the content stays equal to it.
        """
        size = (content.shape[-2], content.shape[-1])
        masks = [None if r.mask is None else resize(r.mask, size) for r in self.regions]
        parts = [
            self._part(region, mask, content, long_side * self.style_scale)
            for region, mask in zip(self.regions, masks, strict=True)
            if region.styles and self.weights.style and region.style_weight and _area(mask)
        ]
        layers = self.weights.content_layers if self.weights.content else {}
        features, powers = self._look(content, layers)
        return Goal(features, powers, self._content_masks(masks, layers, size), parts, self._free(masks))

    def _part(self, region: Region, mask: Tensor | None, content: Tensor, long_side: float) -> Part:
        layers = self.weights.style_layers
        masks = None if mask is None else self._pyramid(mask, layers)
        styles = [self._measure(*_resized(style, long_side), layers) for style in region.styles]
        shares = [style.weight * self.strength for style in region.styles]
        if self.strength < 1:
            total = sum(style.weight for style in region.styles)
            styles.append(self._measure(content, mask, layers))
            shares.append(total * (1 - self.strength))
        targets = {n: self.term.mix([stats[n] for stats in styles], shares) for n in layers}
        return Part(region.style_weight * _area(mask), targets, masks)

    def _measure(self, picture: Tensor, mask: Tensor | None, layers: Mapping[str, float]) -> dict[str, Any]:
        """Whole-picture statistics per layer, tile by tile where the picture is large."""
        masks = None if mask is None else self._pyramid(mask, layers)
        found: dict[str, list[Any]] = {n: [] for n in layers}
        for cores, box in self._walk(picture, layers):
            for n, features in cores.items():
                part = None if masks is None else reduced(box, self.encoder.strides[n]).of(masks[n])
                found[n].append(self.term.measure(features, part))
        return {n: self.term.merge(stats) for n, stats in found.items()}

    def _look(
        self, picture: Tensor, layers: Mapping[str, float]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Whole feature maps and their powers, computed tile by tile where the picture is large."""
        maps: dict[str, Tensor] = {}
        powers: dict[str, Tensor] = {}
        for cores, box in self._walk(picture, layers) if layers else ():
            for n, features in cores.items():
                stride = self.encoder.strides[n]
                if n not in maps:
                    size = (-(-picture.shape[-2] // stride), -(-picture.shape[-1] // stride))
                    maps[n] = features.new_empty((1, features.shape[1], *size))
                reduced(box, stride).of(maps[n]).copy_(features)
                power = content_power(features)
                powers[n] = powers[n] + power if n in powers else power
        return maps, powers

    def _walk(self, picture: Tensor, layers: Mapping[str, float]) -> Iterator[tuple[dict[str, Tensor], Box]]:
        """Yields each tile's core features and its core box."""
        height, width = picture.shape[-2:]
        margin = max(self.encoder.reach[n] for n in layers)
        stride = max(self.encoder.strides[n] for n in layers)
        for tile in grid(height, width, LOOK, margin, stride):
            region = tile.region.of(picture).contiguous(memory_format=torch.channels_last)
            features = self.encoder(region, layers)
            yield (
                {n: reduced(tile.inner, self.encoder.strides[n]).of(f) for n, f in features.items()},
                tile.core,
            )

    def _pyramid(self, mask: Tensor, layers: Mapping[str, float]) -> dict[str, Tensor]:
        by_stride = mask_pyramid(mask, {self.encoder.strides[n] for n in layers})
        return {n: by_stride[self.encoder.strides[n]] for n in layers}

    def _content_masks(
        self, masks: Sequence[Tensor | None], layers: Mapping[str, float], size: tuple[int, int]
    ) -> dict[str, Tensor] | None:
        """Each region's own content weight, spread over the picture."""
        pulls = [(region.content_weight, mask) for region, mask in zip(self.regions, masks, strict=True)]
        if all(weight == 1 for weight, _ in pulls):
            return None
        # A region without a mask is the whole picture.
        spread = [weight * (torch.ones((1, 1, *size)) if mask is None else mask) for weight, mask in pulls]
        return self._pyramid(torch.stack(spread).sum(0), layers)

    def _free(self, masks: Sequence[Tensor | None]) -> Tensor | None:
        """Where pixels may move: everywhere but in regions without a style."""
        still = [mask for region, mask in zip(self.regions, masks, strict=True) if not region.styles]
        held = [mask for mask in still if mask is not None]
        return 1 - torch.stack(held).sum(0).clamp(0, 1) if held else None


def _area(mask: Tensor | None) -> float:
    """Share of the picture that a mask covers."""
    return 1.0 if mask is None else mask.mean().item()


def _resized(style: Style, long_side: float) -> tuple[Tensor, Tensor | None]:
    """Style picture and mask at the scale of the work; never larger than they are, which would only blur."""
    height, width = style.picture.shape[-2:]
    shrink = min(1.0, long_side * style.scale / max(height, width))
    size = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    return resize(style.picture, size), None if style.mask is None else resize(style.mask, size)
