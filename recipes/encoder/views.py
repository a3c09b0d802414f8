"""Two views of each picture of a batch, with random changes against shortcuts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.layers import gaussian_blur
from bottega.training.augment import color_jitter, equalize_color, grayscale, random_crop, random_uniform


@dataclass(frozen=True)
class ViewBatch:
    """A batch of views.

    Attributes:
        views: ``(2B, 3, size, size)``, all first ones, then all second ones.
        same_colors: whether a pair shares its colors, so that its style moments may be compared.
        same_place: whether a pair shows the same crop, so that its positions may be compared.
    """

    views: Tensor
    same_colors: bool
    same_place: bool


@dataclass(frozen=True)
class Views:
    """Settings of the random views.

    Attributes:
        size: side of a view in pixels.
        window: smallest and largest side of the crop that becomes a view, as a multiple of ``size``.
        scale_difference: maximum factor between the scales of the two views.
        own_jitter: share of batches in which each view gets its own strong colors (only content is shared);
            in the others both views keep the same colors (the palette is part of the style).
        colorless: share of batches without color or with equal palettes (only texture is shared).
        same_place: share of the batches with own colors in which both views show the same crop
            (only the layout is shared).
    """

    size: int = 96
    window: tuple[float, float] = (0.8, 2.4)
    scale_difference: float = 1.25
    own_jitter: float = 0.4
    colorless: float = 0.3
    same_place: float = 0.0

    def draw(self, pictures: list[Tensor], generator: torch.Generator) -> ViewBatch:
        """Two views of each picture."""
        first, second = self._crops(pictures, generator)
        own_colors = random_uniform(generator, 0, 1) < self.own_jitter
        same_place = own_colors and self.same_place > 0 and random_uniform(generator, 0, 1) < self.same_place
        if same_place:
            second = _shuffled_channels(first, generator)
        recolor = self._own_colors if own_colors else self._shared_colors
        return ViewBatch(recolor(first, second, generator).clamp(0, 1), not own_colors, same_place)

    def _crops(self, pictures: list[Tensor], generator: torch.Generator) -> tuple[Tensor, Tensor]:
        first, second = [], []
        for picture in pictures:
            window = self.size * random_uniform(generator, *self.window)
            first.append(random_crop(picture, window, self.size, generator))
            second.append(
                random_crop(
                    picture,
                    window * random_uniform(generator, 1 / self.scale_difference, self.scale_difference),
                    self.size,
                    generator,
                )
            )
        return torch.stack(first), torch.stack(second)

    def _own_colors(self, first: Tensor, second: Tensor, generator: torch.Generator) -> Tensor:
        count = first.shape[0]
        views = color_jitter(torch.cat([first, second]), 1.0, generator)
        views = grayscale(views, torch.rand(2 * count, generator=generator) < 0.15)
        if random_uniform(generator, 0, 1) < 0.3:
            views[count:] = gaussian_blur(views[count:], random_uniform(generator, 0.4, 1.5))
        return views + 0.02 * torch.randn(views.shape, generator=generator)

    def _shared_colors(self, first: Tensor, second: Tensor, generator: torch.Generator) -> Tensor:
        # Side by side in width, both views of a picture get the same random colors.
        views = torch.cat(color_jitter(torch.cat([first, second], 3), 0.4, generator).chunk(2, 3))
        if random_uniform(generator, 0, 1) < self.colorless:
            if random_uniform(generator, 0, 1) < 0.5:
                return grayscale(views, torch.ones(len(views), dtype=torch.bool))
            return equalize_color(views)
        return views


def _shuffled_channels(views: Tensor, generator: torch.Generator) -> Tensor:
    """Each view ``(B, 3, h, w)`` with its three channels in a random order: any hue may become any other."""
    order = torch.rand(len(views), 3, generator=generator).argsort(1)
    return views.gather(1, order[:, :, None, None].expand_as(views))
