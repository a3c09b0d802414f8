"""The loss of one scale and its exact gradient, for a picture seen whole or in tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.losses import Stats, StyleTerm, content_loss, leaf, surrogate, total_variation
from bottega.transfer.tiles import Box, Tile, grid, reduced

Maps = Mapping[str, Tensor]


@dataclass(frozen=True)
class Part:
    """One region's style at one scale.

    Attributes:
        weight: how much its style distance counts; see ``regions`` for why that is its share of the area.
        targets: what its statistics should become, per layer.
        masks: ``(1, 1, h, w)`` per layer; none where the region is the whole picture.
    """

    weight: float
    targets: Mapping[str, Any]
    masks: Maps | None = None


@dataclass(frozen=True)
class Goal:
    """What the picture should become at one scale.

    Attributes:
        content: the content picture's features per content layer.
        powers: their whole-picture powers, by which the content loss is divided.
        content_masks: weights of the content loss per layer; none is one everywhere.
        parts: regions with styles.
        free: ``(1, 1, H, W)``, 0 where pixels must stay as they are; none lets all move.
    """

    content: Maps
    powers: Maps
    content_masks: Maps | None
    parts: Sequence[Part]
    free: Tensor | None = None


@dataclass(frozen=True)
class Weights:
    """How the three losses are added up; layer weights sum to one."""

    content: float
    style: float
    smoothness: float
    content_layers: Mapping[str, float]
    style_layers: Mapping[str, float]

    @property
    def layers(self) -> frozenset[str]:
        """All layers that are looked at."""
        used = dict(self.style_layers if self.style else {})
        return frozenset(used | dict(self.content_layers if self.content else {}))


class Objective:
    """Loss and gradient of a picture at one scale.

    A picture larger than ``tile`` is worked in tiles with exact whole-picture statistics: a first pass
    without gradient measures every tile, the distance of the merged statistics says how each statistic should
    change, and a second pass hands that down to the pixels tile by tile. The result is the gradient of
    the whole picture, in the memory of one tile.

    Args:
        encoder: frozen; its type is the precision of the work.
        term: the style term.
        goal, weights: what to become, and how the losses add up.
        tile: side of the tiles; 0 sees the picture whole.
        seed: of the tile grid's shifts.
    """

    def __init__(
        self, encoder: Encoder, term: StyleTerm[Any, Any], goal: Goal, weights: Weights, tile: int, seed: int
    ) -> None:
        self.encoder, self.goal, self.weights, self.tile, self.seed = encoder, goal, weights, tile, seed
        self._base = self.term = term
        self._step = 0
        self.layers = weights.layers

    def at_step(self, step: int) -> Objective:
        """Itself, set to one iteration: in each, sampling terms and the tile grid look elsewhere."""
        self._step, self.term = step, self._base.at_step(step)
        return self

    def __call__(self, picture: Tensor) -> tuple[float, Tensor]:
        """``(1, 3, H, W)`` to its loss and gradient (zero where pixels must stay)."""
        tiles = self._tiles(picture)
        loss, gradient = self._whole(picture) if len(tiles) == 1 else self._tiled(picture, tiles)
        if self.goal.free is not None:
            gradient *= self.goal.free
        return loss, gradient

    def _whole(self, picture: Tensor) -> tuple[float, Tensor]:
        x = picture.detach().requires_grad_()
        features = self._features(x)
        loss = self._content(features, self.goal.content, self.goal.content_masks) + self._smoothness(x)
        for part in self.goal.parts:
            loss = loss + self._style(part, self._measure(part, features))
        (gradient,) = torch.autograd.grad(loss, x)
        return loss.item(), gradient

    def _tiled(self, picture: Tensor, tiles: Sequence[Tile]) -> tuple[float, Tensor]:
        parts = self.goal.parts
        measured: list[list[dict[str, Stats]]] = [[] for _ in parts]
        for tile in tiles:
            with torch.no_grad():
                features = self._features_of_core(picture, tile)
            for part, found in zip(parts, measured, strict=True):
                found.append({n: leaf(s) for n, s in self._measure(part, features, tile).items()})
        total = picture.new_zeros(())
        for part, found in zip(parts, measured, strict=True):
            style = self._style(part, {n: self.term.merge([s[n] for s in found]) for n in self._style_layers})
            leaves = [t for stats in found for s in stats.values() for t in s.tensors()]
            for tensor, slope in zip(leaves, torch.autograd.grad(style, leaves), strict=True):
                tensor.grad = slope
            total += style.detach()
        gradient = torch.zeros_like(picture)
        for index, tile in enumerate(tiles):
            total += self._tile_gradient(picture, tile, [found[index] for found in measured], gradient)
        return total.item(), gradient

    def _tile_gradient(
        self, picture: Tensor, tile: Tile, measured: Sequence[Mapping[str, Stats]], gradient: Tensor
    ) -> Tensor:
        """Add one tile's share to ``gradient``; returns its content loss and smoothness."""
        x = tile.region.of(picture).detach().clone().requires_grad_()
        features = self._cores(self._features(x), tile)
        content = {n: self._cut(t, n, tile) for n, t in self.goal.content.items()}
        masks = self.goal.content_masks
        masks = None if masks is None else {n: self._cut(m, n, tile) for n, m in masks.items()}
        loss = self._content(features, content, masks) + self._smoothness_of_core(x, tile, picture)
        handed = loss
        for part, found in zip(self.goal.parts, measured, strict=True):
            for layer, stats in self._measure(part, features, tile).items():
                gradients = [
                    t.grad if t.grad is not None else torch.zeros_like(t) for t in found[layer].tensors()
                ]
                handed = handed + surrogate(stats, gradients)
        (share,) = torch.autograd.grad(handed, x)
        tile.region.of(gradient).add_(share)
        return loss.detach()

    def _features(self, picture: Tensor) -> dict[str, Tensor]:
        return self.encoder(picture.contiguous(memory_format=torch.channels_last), self.layers)

    def _features_of_core(self, picture: Tensor, tile: Tile) -> dict[str, Tensor]:
        return self._cores(self._features(tile.region.of(picture)), tile)

    def _cores(self, features: Maps, tile: Tile) -> dict[str, Tensor]:
        return {n: reduced(tile.inner, self.encoder.strides[n]).of(f) for n, f in features.items()}

    def _cut(self, feature_map: Tensor, layer: str, tile: Tile) -> Tensor:
        return reduced(tile.core, self.encoder.strides[layer]).of(feature_map)

    @property
    def _style_layers(self) -> Mapping[str, float]:
        return self.weights.style_layers if self.weights.style else {}

    def _measure(self, part: Part, features: Maps, tile: Tile | None = None) -> dict[str, Any]:
        found = {}
        for layer in self._style_layers:
            mask = None if part.masks is None else part.masks[layer]
            if mask is not None and tile is not None:
                mask = self._cut(mask, layer, tile)
            found[layer] = self.term.measure(features[layer], mask)
        return found

    def _style(self, part: Part, stats: Mapping[str, Any]) -> Tensor:
        distances = [
            share * self.term.distance(stats[n], part.targets[n]) for n, share in self._style_layers.items()
        ]
        return self.weights.style * part.weight * torch.stack(distances).sum()

    def _content(self, features: Maps, content: Maps, masks: Maps | None) -> Tensor:
        total = torch.zeros((), device=next(iter(features.values())).device)
        if not self.weights.content:
            return total
        for n, share in self.weights.content_layers.items():
            mask = None if masks is None else masks[n]
            total = total + share * content_loss(features[n], content[n], mask, self.goal.powers[n])
        return self.weights.content * total

    def _smoothness(self, picture: Tensor) -> Tensor:
        if not self.weights.smoothness:
            return picture.new_zeros(())
        return self.weights.smoothness * total_variation(picture)

    def _smoothness_of_core(self, region: Tensor, tile: Tile, picture: Tensor) -> Tensor:
        """The core's share of the whole picture's mean: pairs that start in the core."""
        if not self.weights.smoothness:
            return picture.new_zeros(())
        height, width = picture.shape[-2:]
        box, total = tile.inner, picture.new_zeros(())
        # One more row below and one more column to the right, where there are any: the pairs' other halves.
        down = region[..., box.top : box.bottom + 1, box.left : box.right]
        right = region[..., box.top : box.bottom, box.left : box.right + 1]
        for strip, axis, pairs in ((down, -2, (height - 1) * width), (right, -1, height * (width - 1))):
            across = total_variation(strip, axes=[axis])
            own = strip.numel() // 3 // strip.shape[axis] * (strip.shape[axis] - 1)
            total = total + across * (own / max(pairs, 1))
        return self.weights.smoothness * total

    def _tiles(self, picture: Tensor) -> list[Tile]:
        height, width = picture.shape[-2:]
        if not self.tile or max(height, width) <= self.tile:
            whole = Box(0, 0, height, width)
            return [Tile(whole, whole)]
        stride = max(self.encoder.strides[n] for n in self.layers)
        margin = max(self.encoder.reach[n] for n in self.layers)
        generator = torch.Generator().manual_seed(self.seed * 7919 + self._step)
        down, right = torch.randint(self.tile, (2,), generator=generator).tolist()
        return grid(height, width, self.tile, margin, stride, (down, right))
