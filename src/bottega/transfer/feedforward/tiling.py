"""The micro network on images of any size: in one piece, or in tiles whose statistics are summed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bottega.layers import ChannelMoments, pad_to_multiple
from bottega.layers.blocks import BLOCK_SIDE, picture_to_blocks
from bottega.runtime import available_memory, reduce_malloc_retention
from bottega.transfer.feedforward.backends import Backend
from bottega.transfer.feedforward.graph import AffineParams, GraphSpec, affine_inputs
from bottega.transfer.feedforward.micro import MicroNet
from bottega.transfer.feedforward.pixel_blocks import BlockColorMap, BlockTransform, ImageBuffer
from bottega.transfer.feedforward.prepared_targets import PreparedTargets, prepare_targets
from bottega.transfer.feedforward.self_modulated import mask_pyramid
from bottega.transfer.feedforward.style_code import StyleCode, StyleTarget
from bottega.transfer.tiles import Box, Tile, tile_grid

MAX_UNTILED_BYTES = 3e9  # memory for an image in one piece; larger ones are processed in tiles

TILE_SIZE = 2048  # side of a tile in pixels, without its context


class TiledRunner:
    """Stylizes and measures.

    Attributes:
        max_untiled_pixels: of an image that is processed in one piece.
        tile_size: side in pixels of the tiles of larger ones, without their context.
    """

    def __init__(self, network: MicroNet, backend: Backend) -> None:
        self.network = network
        self.backend = backend
        self.transform = BlockTransform(network)
        self.max_untiled_pixels = int(MAX_UNTILED_BYTES / backend.bytes_per_pixel)
        self.tile_size = TILE_SIZE

    def stylize(
        self, content: ImageBuffer, targets: Sequence[StyleTarget], content_stats: Sequence[StyleCode] | None
    ) -> Tensor:
        """The stylized image, of the content's dtype, layout and size."""
        prepared = prepare_targets(self.network, content, targets, content_stats)
        tiles = self.tiles(content, prepared)
        if content_stats is None and len(tiles) > 1 and not prepared.is_color_only:
            content_stats = self._measure(content, prepared, tiles)
        affines = prepared.modulation_params(self.network, content_stats) if content_stats else []
        result = content.empty()
        for tile in tiles:
            inputs = TileInputs(self.network, content, prepared, tile)
            content.store(self._stylize_tile(inputs, affines, result.dtype), tile.inner, result, tile.core)
        return result

    def measure(self, content: ImageBuffer, targets: Sequence[StyleTarget]) -> list[StyleCode]:
        """The content's own statistics under each target."""
        prepared = prepare_targets(self.network, content, targets, None)
        return self._measure(content, prepared, self.tiles(content, prepared))

    def tiles(self, content: ImageBuffer, prepared: PreparedTargets) -> list[Tile]:
        """One for the whole image where it fits into memory; else tiles with the context that they need."""
        height, width = content.size
        if height * width <= self.max_untiled_pixels and self._fits_memory(height * width):
            whole = Box(0, 0, height, width)
            return [Tile(whole, whole)]
        reduce_malloc_retention()
        context = (self.network.reach or 0) + prepared.texture_radius
        return tile_grid(height, width, self.tile_size, context, self.network.multiple)

    def _fits_memory(self, pixels: int) -> bool:
        return pixels * self.backend.bytes_per_pixel < available_memory()

    def _stylize_tile(self, tile: TileInputs, affines: Sequence[AffineParams], dtype: torch.dtype) -> Tensor:
        """Blocks ``(h, w, 48)`` of the tile with its context."""
        result = torch.empty(tile.blocks.shape, dtype=dtype)
        if tile.prepared.is_color_only:
            self.transform.recolor(tile.blocks, tile.color_map, result)
            return result
        features, means = self.transform.to_features(tile.blocks, tile.color_map, self.backend.input_dtype)
        residual, *outputs = tile.run(self.backend, features, affines)
        factors = self.network.residual_factors(affines) if affines else outputs[0]
        factors = factors * tile.prepared.residual_gains
        self.transform.finish(tile.blocks, tile.color_map, means, residual, factors, tile.weights, result)
        return result

    def _measure(
        self, content: ImageBuffer, prepared: PreparedTargets, tiles: Sequence[Tile]
    ) -> list[StyleCode]:
        """Layer by layer, as the features of each depend on the statistics of those before; in one pass where
        one tile covers the image or nothing is modulated."""
        count = len(self.network.channels)
        is_one_pass = len(tiles) == 1 or prepared.is_color_only
        stats = [StyleCode(colors.double(), ()) for colors in prepared.content_moments]
        for first in range(0, count, count if is_one_pass else 1):
            last = count - 1 if is_one_pass else first
            moments = self._sum_over_tiles(content, prepared, tiles, stats, last)
            stats = [
                StyleCode(code.colors, (*code.layers, *layers))
                for code, layers in zip(stats, moments, strict=True)
            ]
        return stats

    def _sum_over_tiles(
        self,
        content: ImageBuffer,
        prepared: PreparedTargets,
        tiles: Sequence[Tile],
        stats: Sequence[StyleCode],
        last: int,
    ) -> list[list[ChannelMoments]]:
        """From the first layer that ``stats`` does not have to ``last``: by target, then by layer."""
        first = len(stats[0].layers)
        affines = prepared.modulation_params(self.network, stats)
        totals: list[list[ChannelMoments]] = []
        for tile in tiles:
            inputs = TileInputs(self.network, content, prepared, tile)
            dtype = self.backend.input_dtype
            features, _ = self.transform.to_features(inputs.blocks, inputs.color_map, dtype)
            sums = inputs.sums(first, *inputs.run(self.backend, features, affines, last))
            pairs = zip(totals, sums, strict=True) if totals else []
            totals = [[a + b for a, b in zip(*pair, strict=True)] for pair in pairs] or sums
        return totals


class TileInputs:
    """A tile of an image, or all of it, as the tensors that a graph takes.

    Attributes:
        blocks: ``(h, w, 48)`` of the tile with its context, and ``color_map`` for them; with masks or texture
            the blocks are recolored already, and the map is None.
        weights: the masks as blocks, ``(h, w, 48)`` each; None where one target covers the image.
        boxes: for each layer top, left, bottom and right of the positions in the tile without its context.
    """

    def __init__(
        self, network: MicroNet, content: ImageBuffer, prepared: PreparedTargets, tile: Tile
    ) -> None:
        self.network = network
        self.prepared = prepared
        self.blocks = content.blocks(tile.padded, network.multiple)
        self.color_map: BlockColorMap | None = prepared.block_color_maps[0]
        self.weights: list[Tensor] | None = None
        self.masks: dict[str, Tensor] = {}
        boxes = [tile.inner.downscale(stride) for stride in network.strides]
        self.boxes = [(box.top, box.left, box.bottom, box.right) for box in boxes]
        masks = prepared.crop_masks(tile.padded)
        if masks is not None:
            self.masks = mask_pyramid(masks, network.multiple, network.strides)
            padded = pad_to_multiple(masks, network.multiple)
            self.weights = [picture_to_blocks(mask[None].expand(1, 3, -1, -1)) for mask in padded]
        if prepared.has_texture or self.weights is not None:
            self.blocks = prepared.recolor_and_texture(self.blocks, self.weights, tile.padded)
            self.color_map = None

    def run(
        self,
        backend: Backend,
        features: Tensor,
        affines: Sequence[AffineParams],
        stop_layer: int | None = None,
    ) -> Sequence[Tensor]:
        """Run the graph on this tile; ``affines`` are those of the first layers."""
        height, width = (BLOCK_SIDE * side for side in self.blocks.shape[:2])
        counts_all = all(
            box == (0, 0, height // stride, width // stride)
            for box, stride in zip(self.boxes, self.network.strides, strict=True)
        )
        spec = GraphSpec(
            affine_layers=len(affines),
            stop_layer=stop_layer,
            has_regions=bool(self.masks),
            is_cropped=len(affines) < len(self.network.channels) and not counts_all,
            is_single_row=min(height, width) == self.network.multiple,
        )
        inputs = {"features": features, "boxes": torch.tensor(self.boxes)}
        inputs |= self.masks | self.prepared.style_stats | affine_inputs(affines)
        return backend.run(spec, inputs)

    def sums(self, first: int, means: Tensor, squares: Tensor) -> list[list[ChannelMoments]]:
        """A graph's measurements from layer ``first`` on, as sums: by target, then by layer."""
        means, squares = means.double(), squares.double()
        result: list[list[ChannelMoments]] = [[] for _ in means]
        start, layer = 0, first
        while start < means.shape[1]:
            columns = slice(start, start + self.network.channels[layer])
            mass = self._mass(layer)
            for index, layers in enumerate(result):
                m = mass[index : index + 1]
                mean, square = (values[index : index + 1, columns] for values in (means, squares))
                layers.append(ChannelMoments(m, m * mean, m * square))
            start, layer = columns.stop, layer + 1
        return result

    def _mass(self, layer: int) -> Tensor:
        """Of the counted positions at a layer, ``(K, 1)``."""
        top, left, bottom, right = self.boxes[layer]
        if not self.masks:
            return torch.tensor([[(bottom - top) * (right - left)]], dtype=torch.float64)
        mask = self.masks[f"mask{self.network.strides[layer]}"][:, top:bottom, left:right]
        return mask.double().sum((1, 2))[:, None].clamp_min(1e-12)
