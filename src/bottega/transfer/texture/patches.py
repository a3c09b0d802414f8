"""What is kept of a style picture's marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers import ColorMoments, gaussian_blur
from bottega.layers.blocks import BLOCK_SIDE, pad_tones, picture_to_blocks, row_bands, upsample_tones

PATCH = 16
"""Blocks along each side of a patch: 64 pixels, a few strokes."""
PART = PATCH // 4
TONES = 3.0
"""Deviation in blocks of the blur that parts marks (finer) from tones (smoother)."""
MOST_SIDE = 1536
"""Pixels of a style's sides that marks are taken from: the middle of larger pictures, or of their mask."""
GROUPS = 16
"""Of patches. A place chooses in one group, which changes from place to place, so that an even sky does not
repeat one patch."""
PATCHES = 2048
"""In all groups together."""
STEPS = 256.0
"""Of brightness that looks are rounded to: whole numbers add up exactly, in any order."""
EMPHASIS = 2.0
"""Weight of a patch's mean colour, whose square counts for three; of its form there are 48 numbers."""
BUSY = 4.0
"""Weight of how much colours vary inside a patch's parts: on an even sky no heads are to appear."""
BESIDE_MARKS = 0.3
"""Share of what a network draws that is left where marks are laid in full. They are the style's own; what the
network adds to bring statistics still nearer is a veil over them to the eye."""
INSIDE = 8
"""Power of a patch's share in a mask, as against the largest there is, by which it is likely to be taken."""


@dataclass(frozen=True)
class Marks:
    """Patches of a style.

    Attributes:
        detail: ``(blocks, 48)``, the style less its tones, block by block, row by row.
        width: blocks in a row.
        places: ``(GROUPS, n)`` int64, the upper left block of each patch.
        looks: ``(GROUPS, n, 52)``, what each patch shows (:func:`looks`), whole numbers.
        loudness: deviation of the detail's brightness, in [0, 1].
        spread: ``(3, 3)`` float64, covariance of the detail's colours.
        share: of this style in a mixture, in (0, 1].
    """

    detail: Tensor
    width: int
    places: Tensor
    looks: Tensor
    loudness: float
    spread: Tensor
    share: float = 1.0


@torch.no_grad()
def marks_of(style: Tensor, mask: Tensor | None = None, seed: int = 0) -> Marks:
    """The marks of a style picture ``(1, 3, H, W)``, sRGB in [0, 1]; its size is their size.

    Args:
        mask: ``(1, 1, H, W)`` in [0, 1], the part that they are taken from.
        seed: of the choice of patches.
    """
    picture, part = _cut(style.float(), mask)
    means = F.avg_pool2d(picture, BLOCK_SIDE)[0].permute(1, 2, 0)
    blocks = picture_to_blocks(picture).contiguous()
    tones = pad_tones(gaussian_blur(means.permute(2, 0, 1)[None], TONES)[0].permute(1, 2, 0))
    for rows in row_bands(blocks):
        blocks[rows] -= upsample_tones(tones, rows).view(blocks[rows].shape)
    if not bool(part.any()):
        blocks.zero_()  # all of the mask lies outside: nothing is known, and nothing will be laid
        part = torch.ones_like(part)
    corners = _corners(part, torch.Generator().manual_seed(seed))
    weights = F.avg_pool2d(part, BLOCK_SIDE).flatten()
    pixels = blocks.view(len(weights), -1, 3)
    loud = pixels.mean(2).square().mean(1)
    return Marks(
        detail=blocks.flatten(0, 1),
        width=means.shape[1],
        places=(corners[0] * means.shape[1] + corners[1]).view(GROUPS, -1),
        looks=looks(means, corners).view(GROUPS, PATCHES // GROUPS, -1),
        loudness=float((loud * weights).sum() / weights.sum()) ** 0.5,
        spread=_covariance(pixels, weights),
    )


def mixed_marks(several: Sequence[Sequence[Marks]], shares: Sequence[float]) -> tuple[Marks, ...]:
    """Of several codes, each with its share; those without share are left out."""
    return tuple(
        replace(marks, share=marks.share * share)
        for each, share in zip(several, shares, strict=True)
        for marks in each
        if marks.share * share > 0
    )


def _covariance(pixels: Tensor, weights: Tensor) -> Tensor:
    """Of ``(blocks, pixels, 3)``, each block with its weight."""
    flat = (pixels * (weights / weights.sum())[:, None, None]).view(-1, 3)
    return (flat.mT @ pixels.reshape(-1, 3) / pixels.shape[1]).double()


def amplitudes(several: Sequence[Marks]) -> list[float]:
    """How strongly each style's marks are laid: by their shares, and all together as strongly as one's."""
    total = sum(marks.share for marks in several)
    norm = sum(marks.share**2 for marks in several) ** 0.5
    return [total * marks.share / norm for marks in several]


def looks(means: Tensor, corners: tuple[Tensor, Tensor], stride: int = 1) -> Tensor:
    """What patches show, from the mean colours of blocks ``(h, w, 3)``: ``(..., 52)``.

    Form, as sixteen mean colours less the patch's own; that; and how busy its parts are. In whole numbers
    (:data:`STEPS`).

    Args:
        corners: rows and columns ``(...)`` of the patches' upper left blocks.
        stride: a number of blocks, a divisor of :data:`PART`, that all corners are multiples of.
    """
    planes = means.permute(2, 0, 1)[None]
    parts = F.avg_pool2d(torch.cat([planes, planes.square()], 1), PART, stride)[0].permute(1, 2, 0)
    inside = torch.arange(0, PATCH, PART) // stride
    rows, columns = (corner[..., None] // stride + inside for corner in corners)
    shown, squares = parts[rows[..., :, None], columns[..., None, :]].flatten(-3, -2).chunk(2, -1)
    mean = shown.mean(-2, keepdim=True)
    busy = (squares - shown.square()).mean((-2, -1)).clamp_min(0).sqrt()[..., None]
    found = [(shown - mean).flatten(-2), EMPHASIS * mean.flatten(-2), BUSY * busy]
    return torch.cat(found, -1).mul_(STEPS).round_()


def _corners(part: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Rows and columns of the patches that are kept, by chance; those inside the mask."""
    covered = F.avg_pool2d(part, PATCH * BLOCK_SIDE, BLOCK_SIDE)[0, 0]
    likely = (covered / covered.max()).pow(INSIDE).flatten()
    chosen = torch.multinomial(likely, PATCHES, True, generator=generator)
    across = covered.shape[1]
    return torch.div(chosen, across, rounding_mode="floor"), chosen % across


def _cut(style: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Style and mask, sides of whole blocks from one patch to :data:`MOST_SIDE`, around the mask's middle."""
    part = torch.ones_like(style[:, :1]) if mask is None else mask.float()
    least = PATCH * BLOCK_SIDE
    short = [max(0, least - side) for side in style.shape[-2:]]
    if max(short):
        style, part = (F.pad(each, (0, short[1], 0, short[0]), mode="replicate") for each in (style, part))
    spans = []
    for axis, side in ((3, style.shape[-2]), (2, style.shape[-1])):
        kept = min(side, MOST_SIDE) // BLOCK_SIDE * BLOCK_SIDE
        there = part.sum((0, 1, axis)).nonzero().flatten()
        middle = (int(there[0]) + int(there[-1]) + 1) // 2 if len(there) else side // 2
        first = min(max(middle - kept // 2, 0), side - kept)
        spans.append(slice(first, first + kept))
    return style[..., spans[0], spans[1]], part[..., spans[0], spans[1]]


MOST_TAKEN = 0.7
"""Largest share of a palette's spread that is left to the marks."""


def less_marks(colors: ColorMoments, several: Sequence[Marks], amount: float) -> ColorMoments:
    """A style's colours ``(1, …)``, float64, on the processor, less what marks will add to their spread."""
    if amount == 0 or not several:
        return colors
    spread = colors.covariance[0] + 1e-6 * torch.eye(3, dtype=torch.float64)
    parts = zip(amplitudes(several), several, strict=True)
    added = amount**2 * torch.stack([strength**2 * marks.spread for strength, marks in parts]).sum(0)
    inverse = torch.linalg.inv(torch.linalg.cholesky(spread))
    share = float(torch.linalg.eigvalsh(inverse @ added @ inverse.mT).max())
    less = added * min(1.0, MOST_TAKEN / max(share, 1e-9))
    return replace(colors, second=colors.second - colors.mass[:, :, None] * less)
