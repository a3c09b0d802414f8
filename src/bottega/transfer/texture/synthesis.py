"""Laying a style's marks on a picture in the style's colours.

The picture is covered by patches of 64 pixels, half over one another. Each is the style's patch that shows
most nearly what lies there, in its mean colour and in sixteen of its parts, so that a stroke along an edge
comes to lie along an edge (Efros and Freeman 2001 choose likewise, one patch after the other; here all are
chosen at once). Their windows' squares add up to one, which keeps the marks' strength where unlike patches
meet (Heitz and Neyret 2018, equation 3), and change from one patch to the next within a few pixels, as
averages of many patches would be no strokes. What stands out of the picture is its drawing and stays free of
marks; its weak detail gives way to them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers import pad_to_multiple
from bottega.layers.blocks import (
    BLOCK_SIDE,
    BLOCK_VALUES,
    BLOCKS_PER_BAND,
    blocks_to_picture,
    pad_tones,
    picture_to_blocks,
    upsample_tones,
)
from bottega.transfer.texture.patches import GROUPS, PART, PATCH, Marks, amplitudes, looks

STEP = PATCH // 2
"""Blocks from one patch to the next."""
REACH = (PATCH + 1) * BLOCK_SIDE
"""Pixels to each side that what is laid on a pixel depends on."""
GIVING_WAY, MOST_GIVING_WAY = 0.5, 0.06
"""Distance of a pixel from its tones at which it is half drawing, half mark: as a share of the marks'
loudness, and at most."""
TINY = 1e-12
SHARPNESS = 3
"""Power of the windows' sines: 1 is the softest change from patch to patch."""


@torch.no_grad()
def lay(
    colored: Tensor,
    means: Tensor,
    several: Sequence[Marks],
    amount: float,
    color: float = 1.0,
    corner: tuple[int, int] = (0, 0),
) -> Tensor:
    """Lay marks on blocks ``(h, w, 48)``, a picture in its new colours: in place, and within [0, 1].

    Args:
        colored: in [0, 1].
        means: ``(h, w, 3)``, the blocks' mean colours, by which patches are chosen.
        several: of a mixture of styles.
        amount: 0 leaves the picture as it is, 1 lays them in full.
        color: 0 takes from them only light and dark.
        corner: row and column of the first pixel in the whole picture: tiles of a picture get the marks that
            the whole would get, and a panning camera's frames those of the world.
    """
    if amount == 0 or not several:
        return colored
    threshold = sum(marks.share * _threshold(marks) for marks in several)
    begin = (corner[0] // BLOCK_SIDE, corner[1] // BLOCK_SIDE)
    shift = (corner[0] % BLOCK_SIDE, corner[1] % BLOCK_SIDE)
    chosen = [_chosen(means, marks, begin) for marks in several]
    tones = pad_tones(means)
    for rows in _bands(colored, begin[0] % STEP):
        band = colored[rows]
        own = band - upsample_tones(tones, rows).view(band.shape)
        laid = torch.zeros(())
        for marks, patches, strength in zip(several, chosen, amplitudes(several), strict=True):
            found = _shifted(marks, patches, rows, begin, shift, band.shape[1])
            laid = found.mul_(strength).add_(laid)
        if color < 1:
            laid = _less_colored(laid, color)
        # The share of the marks is t² / (d² + t²): half where the detail d is at the threshold t. A style
        # without marks has the threshold 0, and leaves every detail.
        change = laid.sub_(own).div_(own.square_().add_(threshold**2 + TINY))
        band.add_(change, alpha=amount * threshold**2).clamp_(0, 1)
    return colored


def _threshold(marks: Marks) -> float:
    return min(GIVING_WAY * marks.loudness, MOST_GIVING_WAY)


def _bands(blocks: Tensor, skipped: int) -> Iterator[slice]:
    """Rows that stay in the processor's cache; each band begins where patches do, but for the first."""
    height, width = blocks.shape[:2]
    count = max(1, BLOCKS_PER_BAND // width // STEP) * STEP
    starts = [0, *range(count - skipped, height, count)]
    return (slice(start, stop) for start, stop in zip(starts, [*starts[1:], height], strict=True))


def _chosen(means: Tensor, marks: Marks, corner: tuple[int, int]) -> Tensor:
    """Upper left blocks of the patches, by rows and columns; the first begin half a patch or more outside."""
    before = [STEP + begin % STEP for begin in corner]
    after = [2 * STEP - (begin + side) % STEP for begin, side in zip(corner, means.shape[:2], strict=True)]
    border = (before[1], after[1], before[0], after[0])
    padded = F.pad(means.permute(2, 0, 1)[None], border, mode="replicate")[0].permute(1, 2, 0)
    down, across = (torch.arange(0, side - PATCH + 1, STEP) for side in padded.shape[:2])
    shown = looks(padded, (down[:, None].expand(-1, len(across)), across.expand(len(down), -1)), PART)
    groups = _groups(len(down), len(across), corner).flatten()
    order = groups.argsort()
    sizes = torch.bincount(groups, minlength=GROUPS).tolist()
    found = torch.empty_like(groups)
    pieces = zip(torch.split(shown.flatten(0, 1)[order], sizes), torch.split(order, sizes), strict=True)
    for group, (wanted, here) in enumerate(pieces):
        known = marks.looks[group]
        # The nearest by |a - b|² = |a|² - 2 a·b + |b|², of whole numbers and thus exact.
        apart = torch.addmm(known.square().sum(1), wanted, known.mT, alpha=-2)
        found[here] = marks.places[group][apart.argmin(1)]
    return found.view(len(down), len(across))


def _groups(rows: int, columns: int, corner: tuple[int, int]) -> Tensor:
    """Scattered over the whole picture, ``(rows, columns)``."""
    down = torch.arange(rows) + corner[0] // STEP
    across = torch.arange(columns) + corner[1] // STEP
    mixed = (down[:, None] * 73856093) ^ (across[None] * 19349663)
    return (mixed * 2654435761 >> 13) % GROUPS


def _shifted(
    marks: Marks, patches: Tensor, rows: slice, corner: tuple[int, int], shift: tuple[int, int], width: int
) -> Tensor:
    """As :func:`_patched`, for blocks that begin so many pixels further down and across."""
    if shift == (0, 0):
        return _patched(marks, patches, rows, corner, width)
    wider = _patched(marks, patches, slice(rows.start, rows.stop + 1), corner, width + 1)
    height, width = BLOCK_SIDE * (rows.stop - rows.start), BLOCK_SIDE * width
    pixels = blocks_to_picture(wider.contiguous())
    moved = pixels[..., shift[0] : shift[0] + height, shift[1] : shift[1] + width]
    return picture_to_blocks(moved.contiguous())


def _patched(marks: Marks, patches: Tensor, rows: slice, corner: tuple[int, int], width: int) -> Tensor:
    """What four patches lay on every block of some rows, ``(rows, w, 48)``."""
    above, left = corner[0] % STEP, corner[1] % STEP
    first, last = (rows.start + above) // STEP, -(-(rows.stop + above) // STEP)
    across = -(-(width + left) // STEP)
    laid = torch.zeros(last - first, STEP, across, STEP, BLOCK_VALUES)
    inside = torch.arange(STEP)
    within = (inside[:, None] * marks.width + inside)[None, :, None, :]
    for lower in range(2):
        for right in range(2):
            begin = patches[first + 1 - lower : last + 1 - lower, 1 - right : 1 - right + across]
            skipped = STEP * (lower * marks.width + right)
            blocks = begin[:, None, :, None] + (within + skipped)
            chosen = marks.detail.index_select(0, blocks.flatten()).view_as(laid)
            laid.addcmul_(chosen, _windows()[lower, right])
    top = rows.start + above - first * STEP
    return laid.view(-1, across * STEP, BLOCK_VALUES)[top : top + rows.stop - rows.start, left : left + width]


def _less_colored(laid: Tensor, color: float) -> Tensor:
    pixels = laid.view(*laid.shape[:2], -1, 3)
    return torch.lerp(pixels.mean(-1, keepdim=True), pixels, color).flatten(2)


@cache
def _windows() -> Tensor:
    """Of each quarter of a patch, ``(2, 2, STEP, 1, STEP, 48)``."""
    side = PATCH * BLOCK_SIDE
    line = ((torch.arange(side) + 0.5) / side * math.pi).sin() ** SHARPNESS
    line = line / (line.square() + line.roll(side // 2).square()).sqrt()
    plane = (line[:, None] * line).view(2, STEP, BLOCK_SIDE, 2, STEP, BLOCK_SIDE)
    windows = plane.permute(0, 3, 1, 4, 2, 5)[..., None].expand(-1, -1, -1, -1, -1, -1, 3)
    return windows.reshape(2, 2, STEP, 1, STEP, BLOCK_VALUES)


MAGNIFICATIONS = (1, 2, 4)


@torch.no_grad()
def lay_magnified(
    colored: Tensor,
    means: Tensor,
    several: Sequence[Marks],
    amount: float,
    color: float,
    corner: tuple[int, int],
    times: int,
) -> Tensor:
    """As :func:`bottega.transfer.texture.lay`, ``times`` as large, one of :data:`MAGNIFICATIONS`."""
    if times == 1:
        return lay(colored, means, several, amount, color, corner)
    small = _reduced(colored, times)
    blocks = picture_to_blocks(small).clone(memory_format=torch.contiguous_format)
    coarse = F.avg_pool2d(means.permute(2, 0, 1)[None], times)[0].permute(1, 2, 0)
    begin = (corner[0] // times, corner[1] // times)
    changed = blocks_to_picture(lay(blocks, coarse, several, amount, color, begin)) - small
    large = F.interpolate(changed, scale_factor=times, mode="bilinear", align_corners=False)
    return colored.add_(picture_to_blocks(large)).clamp_(0, 1)


def _reduced(blocks: Tensor, times: int) -> Tensor:
    """Blocks ``(h, w, 48)`` as a picture so many times smaller, ``(1, 3, …)``."""
    rows, columns, _ = blocks.shape
    kept = BLOCK_SIDE // times
    parts = blocks.view(rows, columns, kept, times, kept, times, 3).mean((3, 5))
    return parts.permute(4, 0, 2, 1, 3).reshape(1, 3, rows * kept, columns * kept)


@torch.no_grad()
def marked(pictures: Tensor, several: Sequence[Marks], amount: float = 1.0) -> Tensor:
    """Pictures ``(N, 3, H, W)`` in a style's colours, with its marks; likewise, on the same device.

    No gradient flows through it, and it is computed in float32 on the processor.
    """
    height, width = pictures.shape[-2:]
    found = []
    with torch.autocast("cpu", enabled=False):
        for picture in pad_to_multiple(pictures.float().cpu(), BLOCK_SIDE).clamp(0, 1):
            blocks = picture_to_blocks(picture[None]).contiguous()
            means = blocks.view(*blocks.shape[:2], -1, 3).mean(2)
            found.append(blocks_to_picture(lay(blocks, means, several, amount)))
    return torch.cat(found)[..., :height, :width].to(pictures)
