"""Style targets of one content image as tensors: color maps, style statistics, texture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.layers import ChannelMoments, ColorMoments, mk_color_transfer
from bottega.layers.blocks import BLOCK_VALUES, row_bands
from bottega.transfer.feedforward.graph import AffineParams
from bottega.transfer.feedforward.pixel_blocks import (
    BLOCK_PIXELS,
    BlockColorMap,
    ImageBuffer,
    block_color_map,
    recolor_blocks,
)
from bottega.transfer.feedforward.self_modulated import SelfModulatedNet, style_stats
from bottega.transfer.feedforward.style_code import StyleCode, StyleTarget
from bottega.transfer.texture.patches import RESIDUAL_SHARE, reserve_texture_variance
from bottega.transfer.texture.synthesis import TEXTURE_RADIUS_PIXELS, synthesize_texture
from bottega.transfer.tiles import Box

TEXTURE_FULL_DISTANCE = 0.01
"""Distance of the content's colors from the style's at which three quarters of the texture are added: an
image that is its own style, or a part of it, has its texture already."""


@dataclass(frozen=True)
class PreparedTargets:
    """The targets of one image, ready for every tile of it; ``K`` is their number.

    Attributes:
        targets: of the image.
        masks: ``(1, 1, H, W)`` each, floats in [0, 1] or bytes; None where one target covers the image.
        content_moments: the content's colors under each target.
        color_maps: ``(3, 4)`` each, in float64; ``block_color_maps`` are the same for the content's blocks.
        style_stats: ``means``, ``stds``, ``strength``, see
            :attr:`bottega.transfer.feedforward.graph.GraphSpec.inputs`.
        texture_amounts: in [0, 1], for each target.
    """

    targets: Sequence[StyleTarget]
    masks: list[Tensor] | None
    content_moments: list[ColorMoments]
    color_maps: list[Tensor]
    block_color_maps: list[BlockColorMap]
    style_stats: dict[str, Tensor]
    texture_amounts: list[float]

    @property
    def residual_gains(self) -> Tensor:
        """Multipliers of :meth:`SelfModulatedNet.residual_factors`, ``(K, 2)``.

        The residual is reduced under texture, the fine detail is not.
        """
        return torch.tensor([[1 - (1 - RESIDUAL_SHARE) * amount, 1.0] for amount in self.texture_amounts])

    @property
    def has_texture(self) -> bool:
        """Whether any texture is added."""
        return any(amount > 0 for amount in self.texture_amounts)

    @property
    def texture_radius(self) -> int:
        """Pixels to each side that the texture of a pixel depends on."""
        scales = [
            target.texture_scale if target.code is not None and target.code.texture else 1
            for target in self.targets
        ]
        return TEXTURE_RADIUS_PIXELS * max(scales) if self.has_texture else 0

    @property
    def is_color_only(self) -> bool:
        """Whether only colors change."""
        return not bool(self.style_stats["strength"].any())

    def modulation_params(
        self, network: SelfModulatedNet, content_stats: Sequence[StyleCode]
    ) -> list[AffineParams]:
        """Affine parameters of all layers in ``content_stats``."""
        device = next(network.modulations.parameters()).device
        stats = {name: values.to(device) for name, values in self.style_stats.items()}
        means, stds = (torch.split(stats[name], list(network.channels), 1) for name in ("means", "stds"))
        affines = []
        for layer, modulation in enumerate(network.modulations[: len(content_stats[0].layers)]):
            moments = [code.layers[layer].float() for code in content_stats]
            parts = zip(*((m.mass, m.first, m.second) for m in moments), strict=True)
            content = ChannelMoments(*(torch.cat(part).to(device) for part in parts))
            affines.append(modulation(content, means[layer], stds[layer], stats["strength"]))
        return affines

    def crop_masks(self, box: Box) -> Tensor | None:
        """The masks of a box, ``(K, 1, h, w)`` floats."""
        if self.masks is None:
            return None
        return torch.cat([_to_float(box.crop(mask)) for mask in self.masks])

    def recolor_and_texture(self, blocks: Tensor, weights: Sequence[Tensor] | None, region: Box) -> Tensor:
        """Blocks ``(h, w, 48)`` in new colors and with texture, by each target in its region.

        Args:
            weights: the masks as blocks, ``(h, w, 48)`` each; None where one target covers the image.
            region: of the blocks in the whole image, in pixels.

        Returns:
            Floats in [0, 1]; float16 for bytes under one target, which is exact to an eighth of a level.
        """
        total = None
        for index, (target, amount) in enumerate(zip(self.targets, self.texture_amounts, strict=True)):
            color_map = self.block_color_maps[index]
            colored = torch.empty(blocks.shape)
            for rows in row_bands(blocks):
                band = recolor_blocks(blocks[rows].reshape(-1, BLOCK_VALUES), color_map)
                colored[rows] = band.view(blocks[rows].shape)
            if amount > 0 and target.code is not None:
                down, across = target.texture_offset
                colored = synthesize_texture(
                    colored,
                    _recolored_means(blocks, color_map),
                    target.code.texture,
                    amount,
                    target.effective_color_strength,
                    (region.top + down, region.left + across),
                    target.texture_scale,
                )
            if weights is None:
                return colored.half() if blocks.dtype == torch.uint8 else colored
            part = colored.mul_(weights[index])
            total = part if total is None else total.add_(part)
        assert total is not None
        return total


def prepare_targets(
    network: SelfModulatedNet,
    content: ImageBuffer,
    targets: Sequence[StyleTarget],
    content_stats: Sequence[StyleCode] | None,
) -> PreparedTargets:
    """Measure the content's colors, unless they are in ``content_stats``, and compute the color maps."""
    masks = [target.mask for target in targets if target.mask is not None]
    content_moments, color_maps, amounts = [], [], []
    for index, target in enumerate(targets):
        if content_stats:
            colors = content_stats[index].colors
        else:
            colors = content.moments(None if target.mask is None else _to_float(target.mask))
        code, amount = target.code, 0.0
        if code is not None and code.texture:
            distance = _color_distance(colors, code.colors)
            amount = target.strength * target.texture_amount * math.tanh(distance / TEXTURE_FULL_DISTANCE)
        color_map = torch.eye(3, 4, dtype=torch.float64)
        if code is not None and target.effective_color_strength > 0:
            style = reserve_texture_variance(code.colors.double(), code.texture, amount)
            color_map = mk_color_transfer(colors.double(), style, target.effective_color_strength)[0]
        content_moments.append(colors)
        color_maps.append(color_map)
        amounts.append(amount)
    scale = 1 / 255 if content.is_bytes else 1.0
    return PreparedTargets(
        targets,
        masks or None,
        content_moments,
        color_maps,
        [block_color_map(color_map, scale) for color_map in color_maps],
        style_stats(network.channels, targets),
        amounts,
    )


def _color_distance(content: ColorMoments, style: ColorMoments) -> float:
    """Between mean colors and between their standard deviations, in units of [0, 1]."""
    a, b = content.double(), style.double()
    a_std, b_std = (x.covariance.diagonal(dim1=1, dim2=2).clamp_min(0).sqrt() for x in (a, b))
    return float(torch.cat([a.mean - b.mean, a_std - b_std], 1).norm())


def _recolored_means(blocks: Tensor, color_map: BlockColorMap) -> Tensor:
    """Mean colors of recolored blocks: ``(h, w, 3)`` in [0, 1].

    Number by number and not as a matrix product, which may round differently in a tile and in the whole.
    """
    matrix, offset = color_map
    height, width, _ = blocks.shape
    means = torch.empty(height, width, 3)
    for rows in row_bands(blocks):
        means[rows] = blocks[rows].reshape(-1, width, BLOCK_PIXELS, 3).float().mean(2)
    red, green, blue = (means[..., color, None] * matrix[color, :3] for color in range(3))
    return (offset[:3] + red + green + blue).clamp_(0, 1)


def _to_float(mask: Tensor) -> Tensor:
    return mask.float() / 255 if mask.dtype == torch.uint8 else mask.float()
