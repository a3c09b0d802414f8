"""The loss of one scale and its exact gradient, for a picture computed whole or in tiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.losses import Stats, StyleTerm, content_loss, leaf, surrogate, total_variation
from bottega.transfer.tiles import Box, Tile, tile_grid

LayerMaps = Mapping[str, Tensor]


@dataclass(frozen=True)
class RegionTarget:
    """The style target of one region at one scale.

    Attributes:
        weight: of its style distance; proportional to its area, see ``regions``.
        targets: of the style term, per layer.
        masks: ``(1, 1, h, w)`` per layer; ``None`` is the whole picture.
    """

    weight: float
    targets: Mapping[str, Any]
    masks: LayerMaps | None = None


@dataclass(frozen=True)
class TransferTarget:
    """The target of the optimization at one scale.

    Attributes:
        content: the content picture's features per content layer.
        powers: their whole-picture powers, by which the content loss is divided.
        content_masks: weights of the content loss per layer; ``None`` is one everywhere.
        regions: regions with styles.
        free: ``(1, 1, H, W)``, 0 where pixels must not change; ``None`` lets all change.
    """

    content: LayerMaps
    powers: LayerMaps
    content_masks: LayerMaps | None
    regions: Sequence[RegionTarget]
    free: Tensor | None = None


@dataclass(frozen=True)
class LossWeights:
    """Weights of the three losses; layer weights sum to one."""

    content: float
    style: float
    smoothness: float
    content_layers: Mapping[str, float]
    style_layers: Mapping[str, float]

    @property
    def layers(self) -> frozenset[str]:
        """All layers whose features are needed."""
        style = set(self.style_layers) if self.style else set()
        return frozenset(style | (set(self.content_layers) if self.content else set()))


def encoder_tiles(
    encoder: Encoder,
    layers: Iterable[str],
    picture: Tensor,
    side: int,
    shift: tuple[int, int] = (0, 0),
) -> list[Tile]:
    """Tiles of ``picture`` with all the context that features at ``layers`` depend on; see `tile_grid`."""
    height, width = picture.shape[-2:]
    margin = max(encoder.reach[n] for n in layers)
    return tile_grid(height, width, side, margin, max(encoder.strides[n] for n in layers), shift)


def encode_core(encoder: Encoder, layers: Iterable[str], padded: Tensor, tile: Tile) -> dict[str, Tensor]:
    """Features of a tile's core, from the pixels of its padded box."""
    features = encoder(padded.contiguous(memory_format=torch.channels_last), layers)
    return {n: tile.inner.downscale(encoder.strides[n]).crop(f) for n, f in features.items()}


class Objective:
    """Loss and gradient of a picture at one scale.

    A picture larger than ``tile_side`` is computed in tiles with exact whole-picture statistics: a first pass
    without gradient measures every tile, the distance of the merged statistics gives the gradient of each
    statistic, and a second pass propagates it to the pixels tile by tile. The result is the gradient of the
    whole picture, in the memory of one tile.

    Args:
        encoder: frozen; computes in its own type.
        term: the style term.
        target, weights: of the losses.
        tile_side: in pixels; 0 computes the picture whole.
        seed: of the tile grid's shifts.
    """

    def __init__(
        self,
        encoder: Encoder,
        term: StyleTerm[Any, Any],
        target: TransferTarget,
        weights: LossWeights,
        tile_side: int,
        seed: int,
    ) -> None:
        self.encoder, self.target, self.weights = encoder, target, weights
        self.tile_side, self.seed = tile_side, seed
        self._term = self._step_term = term
        self._step = 0
        self.layers = weights.layers
        self._style_layers: Mapping[str, float] = weights.style_layers if weights.style else {}

    def at_step(self, step: int) -> Objective:
        """Itself at one iteration: sampling terms and the tile grid differ between iterations."""
        self._step, self._step_term = step, self._term.at_step(step)
        return self

    def __call__(self, picture: Tensor) -> tuple[float, Tensor]:
        """``(1, 3, H, W)`` to its loss and gradient (zero where pixels must not change)."""
        tiles = self._tiles(picture)
        loss, gradient = self._whole(picture) if len(tiles) == 1 else self._tiled(picture, tiles)
        if self.target.free is not None:
            gradient *= self.target.free
        return loss, gradient

    def _whole(self, picture: Tensor) -> tuple[float, Tensor]:
        x = picture.detach().requires_grad_()
        features = self.encoder(x.contiguous(memory_format=torch.channels_last), self.layers)
        loss = self._content_loss(features, self.target.content, self.target.content_masks)
        if self.weights.smoothness:
            loss = loss + self.weights.smoothness * total_variation(x)
        for region in self.target.regions:
            loss = loss + self._style_loss(region, self._measure(region, features))
        (gradient,) = torch.autograd.grad(loss, x)
        return loss.item(), gradient

    def _tiled(self, picture: Tensor, tiles: Sequence[Tile]) -> tuple[float, Tensor]:
        regions = self.target.regions
        tile_stats: list[list[dict[str, Stats]]] = [[] for _ in regions]
        for tile in tiles:
            with torch.no_grad():
                features = encode_core(self.encoder, self.layers, tile.padded.crop(picture), tile)
            for region, stats in zip(regions, tile_stats, strict=True):
                stats.append({n: leaf(s) for n, s in self._measure(region, features, tile).items()})
        total = picture.new_zeros(())
        for region, stats in zip(regions, tile_stats, strict=True):
            merged = {n: self._step_term.merge([s[n] for s in stats]) for n in self._style_layers}
            style_loss = self._style_loss(region, merged)
            leaves = [t for by_layer in stats for s in by_layer.values() for t in s.tensors()]
            for tensor, slope in zip(leaves, torch.autograd.grad(style_loss, leaves), strict=True):
                tensor.grad = slope
            total += style_loss.detach()
        gradient = torch.zeros_like(picture)
        for index, tile in enumerate(tiles):
            total += self._add_tile_gradient(picture, tile, [stats[index] for stats in tile_stats], gradient)
        return total.item(), gradient

    def _add_tile_gradient(
        self, picture: Tensor, tile: Tile, stats: Sequence[Mapping[str, Stats]], gradient: Tensor
    ) -> Tensor:
        """Add one tile's part to ``gradient``; returns its content loss and smoothness."""
        x = tile.padded.crop(picture).detach().clone().requires_grad_()
        features = encode_core(self.encoder, self.layers, x, tile)
        content = {n: self._crop_core(t, n, tile) for n, t in self.target.content.items()}
        masks = self.target.content_masks
        masks = None if masks is None else {n: self._crop_core(m, n, tile) for n, m in masks.items()}
        loss = self._content_loss(features, content, masks) + self._core_smoothness(x, tile, picture)
        with_style = loss
        for region, by_layer in zip(self.target.regions, stats, strict=True):
            for layer, measured in self._measure(region, features, tile).items():
                gradients = [
                    t.grad if t.grad is not None else torch.zeros_like(t) for t in by_layer[layer].tensors()
                ]
                with_style = with_style + surrogate(measured, gradients)
        (tile_gradient,) = torch.autograd.grad(with_style, x)
        tile.padded.crop(gradient).add_(tile_gradient)
        return loss.detach()

    def _crop_core(self, feature_map: Tensor, layer: str, tile: Tile) -> Tensor:
        return tile.core.downscale(self.encoder.strides[layer]).crop(feature_map)

    def _measure(self, region: RegionTarget, features: LayerMaps, tile: Tile | None = None) -> dict[str, Any]:
        stats = {}
        for layer in self._style_layers:
            mask = None if region.masks is None else region.masks[layer]
            if mask is not None and tile is not None:
                mask = self._crop_core(mask, layer, tile)
            stats[layer] = self._step_term.measure(features[layer], mask)
        return stats

    def _style_loss(self, region: RegionTarget, stats: Mapping[str, Any]) -> Tensor:
        distances = [
            weight * self._step_term.distance(stats[n], region.targets[n])
            for n, weight in self._style_layers.items()
        ]
        return self.weights.style * region.weight * torch.stack(distances).sum()

    def _content_loss(self, features: LayerMaps, content: LayerMaps, masks: LayerMaps | None) -> Tensor:
        total = torch.zeros((), device=next(iter(features.values())).device)
        if not self.weights.content:
            return total
        for n, weight in self.weights.content_layers.items():
            mask = None if masks is None else masks[n]
            total = total + weight * content_loss(features[n], content[n], mask, self.target.powers[n])
        return self.weights.content * total

    def _core_smoothness(self, padded: Tensor, tile: Tile, picture: Tensor) -> Tensor:
        """The core's part of the whole picture's total variation: pairs that start in the core."""
        if not self.weights.smoothness:
            return picture.new_zeros(())
        height, width = picture.shape[-2:]
        box, total = tile.inner, picture.new_zeros(())
        # One more row below and one more column to the right, if the picture has them, complete the pairs.
        down = padded[..., box.top : box.bottom + 1, box.left : box.right]
        right = padded[..., box.top : box.bottom, box.left : box.right + 1]
        for strip, axis, pairs in ((down, -2, (height - 1) * width), (right, -1, height * (width - 1))):
            variation = total_variation(strip, axes=[axis])
            strip_pairs = strip.numel() // 3 // strip.shape[axis] * (strip.shape[axis] - 1)
            total = total + variation * (strip_pairs / max(pairs, 1))
        return self.weights.smoothness * total

    def _tiles(self, picture: Tensor) -> list[Tile]:
        height, width = picture.shape[-2:]
        if not self.tile_side or max(height, width) <= self.tile_side:
            whole = Box(0, 0, height, width)
            return [Tile(whole, whole)]
        generator = torch.Generator().manual_seed(self.seed * 7919 + self._step)
        down, right = torch.randint(self.tile_side, (2,), generator=generator).tolist()
        return encoder_tiles(self.encoder, self.layers, picture, self.tile_side, (down, right))
