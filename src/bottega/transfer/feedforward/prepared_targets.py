"""What is done to a content, as the tensors that engines take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bottega.layers import ChannelMoments, ColorMoments
from bottega.layers.blocks import BLOCK_VALUES, row_bands
from bottega.transfer.feedforward.pixel_blocks import PIXELS, Content, Map, on_whole_blocks, recolored
from bottega.transfer.feedforward.self_modulated import Move, OwnStatisticsNet
from bottega.transfer.feedforward.style_code import Manner, StyleCode
from bottega.transfer.texture.patches import BESIDE_MARKS, Marks, less_marks
from bottega.transfer.texture.synthesis import REACH, lay_magnified
from bottega.transfer.tiles import Box

OPENING = 0.01
"""Distance of two palettes at which three quarters of the marks are laid: a picture that is its own style, or
part of it, has its marks already."""


@dataclass(frozen=True)
class Laid:
    """The marks of one manner, and how they are laid; see :func:`bottega.transfer.texture.lay`."""

    marks: tuple[Marks, ...]
    amount: float
    color: float
    anchor: tuple[int, int]
    magnified: int


@dataclass(frozen=True)
class Wishes:
    """The manners of one picture, ready for every tile of it.

    Attributes:
        masks: ``(1, 1, H, W)``, floats in [0, 1] or bytes; none where one manner covers everything.
        own: the content's colours under each manner.
        affines: the maps of colours, ``(3, 4)`` each, in float64; ``maps`` are the same for the content's
            blocks (:func:`bottega.transfer.feedforward.pixel_blocks.on_whole_blocks`).
        vectors: ``means``, ``deviations``, ``strength``: what :class:`Trunk` calls so.
        marks: what is laid under each manner.
    """

    masks: list[Tensor] | None
    own: list[ColorMoments]
    affines: list[Tensor]
    maps: list[Map]
    vectors: dict[str, Tensor]
    marks: list[Laid]

    @property
    def drawn(self) -> Tensor:
        """Factors of the two factors of :func:`graph.factors`, ``(K, 2)``: what the
        network draws stands back where marks are laid, fine detail goes its whole way to the style's."""
        return torch.tensor([[1 - (1 - BESIDE_MARKS) * laid.amount, 1.0] for laid in self.marks])

    @property
    def reach(self) -> int:
        """Pixels to each side that the marks on a pixel depend on."""
        return REACH * max(laid.magnified for laid in self.marks) if self.marked else 0

    @property
    def marked(self) -> bool:
        """Whether any marks are laid."""
        return any(laid.amount > 0 for laid in self.marks)

    def moves(self, network: OwnStatisticsNet, known: Sequence[StyleCode]) -> list[Move]:
        """What happens at the sites whose statistics are known."""
        goals = {
            name: torch.split(self.vectors[name], list(network.channels), 1)
            for name in ("means", "deviations")
        }
        found = []
        for site, modulation in enumerate(network.modulations[: len(known[0].sites)]):
            each = [code.sites[site].float() for code in known]
            own = ChannelMoments(
                *(torch.cat([getattr(m, n) for m in each]) for n in ("mass", "first", "second"))
            )
            goal = (goals["means"][site], goals["deviations"][site])
            found.append(modulation(own, *goal, self.vectors["strength"]))
        return found

    @property
    def still(self) -> bool:
        """Whether nothing but colours moves."""
        return not bool(self.vectors["strength"].any())

    def cut(self, box: Box) -> Tensor | None:
        """The masks of a box, ``(K, 1, h, w)`` floats."""
        if self.masks is None:
            return None
        return torch.cat([_floating(box.crop(mask)) for mask in self.masks])


def wishes(
    network: OwnStatisticsNet, content: Content, manners: Sequence[Manner], known: Sequence[StyleCode] | None
) -> Wishes:
    """Measure the colours (where they are not ``known``) and find the maps that move them."""
    masks = [manner.mask for manner in manners if manner.mask is not None]
    own, affines, means, deviations, strengths, marks = [], [], [], [], [], []
    for number, manner in enumerate(manners):
        found = known[number].colors if known else _colors(content, manner.mask)
        own.append(found)
        affine = torch.eye(3, 4, dtype=torch.float64)
        laid = _laid(manner, found)
        if manner.code is not None and manner.colors > 0:
            palette = less_marks(manner.code.colors.double(), laid.marks, laid.amount)
            goal = replace(manner.code, colors=palette)
            affine = network.color_map(found.double(), goal, manner.colors)[0]
        affines.append(affine)
        channels = sum(network.channels)
        mean, deviation = torch.zeros(1, channels), torch.ones(1, channels)
        if manner.code is not None:
            mean, deviation = manner.code.vectors()
        means.append(mean)
        deviations.append(deviation)
        strengths.append(0.0 if manner.code is None else manner.strength)
        marks.append(laid)
    vectors = {
        "means": torch.cat(means),
        "deviations": torch.cat(deviations),
        "strength": torch.tensor(strengths)[:, None],
    }
    maps = [on_whole_blocks(affine, content.scale) for affine in affines]
    return Wishes(masks or None, own, affines, maps, vectors, marks)


def _laid(manner: Manner, own: ColorMoments) -> Laid:
    if manner.code is None or not manner.code.marks:
        return Laid((), 0.0, 1.0, (0, 0), 1)
    opened = math.tanh(_apart(own, manner.code.colors) / OPENING)
    amount = manner.strength * manner.marks * opened
    return Laid(manner.code.marks, amount, manner.colors, manner.anchor, manner.magnified)


def _apart(one: ColorMoments, other: ColorMoments) -> float:
    """Of mean colours and of the spread around them, in units of colour."""
    means = [each.double().mean for each in (one, other)]
    spreads = [
        (each.double().second / each.double().mass[..., None] - mean[..., None] * mean[:, None])
        .diagonal(dim1=1, dim2=2)
        .clamp_min(0)
        .sqrt()
        for each, mean in zip((one, other), means, strict=True)
    ]
    return float(torch.cat([means[0] - means[1], spreads[0] - spreads[1]], 1).norm())


def _floating(mask: Tensor) -> Tensor:
    return mask.float() / 255 if mask.dtype == torch.uint8 else mask.float()


def _colors(content: Content, mask: Tensor | None) -> ColorMoments:
    return content.moments(None if mask is None else _floating(mask))


def dressed(blocks: Tensor, wished: Wishes, shares: Sequence[Tensor] | None, region: Box) -> Tensor:
    """Blocks ``(h, w, 48)`` in new colours and with marks, by each manner in its share of the picture.

    Args:
        shares: the masks as blocks, ``(h, w, 48)`` each; none where one manner covers everything.
        region: where they lie in the whole picture, in pixels.

    Returns:
        Floats in [0, 1]; of half the length for bytes that one manner covers, which is exact to an eighth of
        a step.
    """
    total = None
    for number, laid in enumerate(wished.marks):
        colored = torch.empty(blocks.shape)
        for rows in row_bands(blocks):
            band = recolored(blocks[rows].reshape(-1, BLOCK_VALUES), wished.maps[number])
            colored[rows] = band.view(blocks[rows].shape)
        if laid.amount > 0:
            means = _means(blocks, wished.maps[number])
            down, across = laid.anchor
            corner = (region.top + down, region.left + across)
            how = (laid.marks, laid.amount, laid.color, corner)
            colored = lay_magnified(colored, means, *how, laid.magnified)
        if shares is None:
            return colored.half() if blocks.dtype == torch.uint8 else colored
        part = colored.mul_(shares[number])
        total = part if total is None else total.add_(part)
    assert total is not None
    return total


def _means(blocks: Tensor, map: Map) -> Tensor:
    """Of the blocks' colours, moved: ``(h, w, 3)`` in [0, 1].

    Number by number and not as a product of matrices, which may round otherwise in a tile than in the whole.
    """
    matrix, offset = map
    height, width, _ = blocks.shape
    means = torch.empty(height, width, 3)
    for rows in row_bands(blocks):
        means[rows] = blocks[rows].reshape(-1, width, PIXELS, 3).float().mean(2)
    red, green, blue = (means[..., color, None] * matrix[color, :3] for color in range(3))
    return (offset[:3] + red + green + blue).clamp_(0, 1)
