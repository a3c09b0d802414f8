"""Laying a style's marks on a picture in the style's colours.

The picture is covered by patches of 32 pixels, half over one another. Each is the style's patch that shows
most nearly what lies there, in its mean colour and in sixteen of its parts, so that a stroke along an edge
comes to lie along an edge (Efros and Freeman 2001 choose likewise, one patch after the other; here all are
chosen at once). Their windows' squares add up to one, which keeps the marks' strength where unlike patches
meet (Heitz and Neyret 2018, equation 3). The picture's own fine detail gives way to them where it is weak.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers.blocks import NUMBERS, SIDE, bordered, enlarged, row_bands
from bottega.transfer.marks.marks import GROUPS, PATCH, Marks, looks

STEP = PATCH // 2
"""Blocks from one patch to the next."""
REACH = (PATCH + 1) * SIDE
"""Pixels to each side that what is laid on a pixel depends on."""
GIVING_WAY, MOST_GIVING_WAY = 0.5, 0.05
"""Deviation from its tones at which a pixel keeps half of its own detail: as a share of the marks' loudness,
and at most. What stands out more is the drawing, and stays."""


@torch.no_grad()
def lay(
    colored: Tensor,
    means: Tensor,
    several: Sequence[Marks],
    amount: float,
    color: float = 1.0,
    corner: tuple[int, int] = (0, 0),
) -> Tensor:
    """Blocks ``(h, w, 48)``, a picture in its new colours, with marks on it; likewise, in [0, 1].

    Args:
        colored: in [0, 1]; ``h`` and ``w`` are multiples of four.
        means: ``(h, w, 3)``, the blocks' mean colours, by which patches are chosen.
        several: of a mixture of styles.
        amount: 0 leaves the picture as it is, 1 lays them in full.
        color: 0 takes from them only light and dark.
        corner: row and column of the first block in the whole picture, multiples of four: tiles of a picture
            get the patches that the whole would get.
    """
    if amount == 0 or not several:
        return colored
    threshold = sum(marks.share * _threshold(marks) for marks in several)
    chosen = [_chosen(means, marks, corner) for marks in several]
    tones = bordered(means)
    result = torch.empty_like(colored)
    for rows in row_bands(colored, STEP):
        band = colored[rows]
        own = band - enlarged(tones, rows).view(band.shape)
        square = own.square()
        change = own.mul_((square / (square + threshold**2)).sub_(1)) if threshold else own.zero_()
        for marks, patches in zip(several, chosen, strict=True):
            _add(change, marks, patches, rows, color)
        result[rows] = torch.add(band, change, alpha=amount).clamp_(0, 1)
    return result


def _threshold(marks: Marks) -> float:
    return min(GIVING_WAY * marks.loudness, MOST_GIVING_WAY)


def _chosen(means: Tensor, marks: Marks, corner: tuple[int, int]) -> Tensor:
    """Upper left blocks of the patches, ``(h / 4 + 1, w / 4 + 1)``; the first begins four blocks outside."""
    padded = F.pad(means.permute(2, 0, 1)[None], (STEP,) * 4, mode="replicate")[0].permute(1, 2, 0)
    down, across = (torch.arange(0, side + 1, STEP) for side in means.shape[:2])
    shown = looks(padded, (down[:, None].expand(-1, len(across)), across.expand(len(down), -1)))
    groups = _groups(len(down), len(across), corner)
    found = torch.empty_like(groups)
    for group in range(GROUPS):
        here = groups == group
        known = marks.looks[group]
        # The nearest by |a - b|² = |a|² - 2 a·b + |b|², of whole numbers and thus exact.
        apart = known.square().sum(1) - 2 * (shown[here] @ known.mT)
        found[here] = marks.places[group][apart.argmin(1)]
    return found


def _groups(rows: int, columns: int, corner: tuple[int, int]) -> Tensor:
    """Scattered over the whole picture, ``(rows, columns)``."""
    down = torch.arange(rows) + corner[0] // STEP
    across = torch.arange(columns) + corner[1] // STEP
    mixed = (down[:, None] * 73856093) ^ (across[None] * 19349663)
    return (mixed * 2654435761 >> 13) % GROUPS


def _add(change: Tensor, marks: Marks, patches: Tensor, rows: slice, color: float) -> None:
    """Add four patches to every block of some rows, ``(rows, w, 48)``, in place."""
    count, width = change.shape[0] // STEP, change.shape[1] // STEP
    first = rows.start // STEP
    squares = change.view(count, STEP, width, STEP, NUMBERS)
    laid = torch.zeros_like(squares) if color < 1 else squares
    inside = torch.arange(STEP)
    within = (inside[:, None] * marks.width + inside)[None, :, None, :]
    for down in range(2):
        for across in range(2):
            begin = patches[first + 1 - down : first + 1 - down + count, 1 - across : 1 - across + width]
            skipped = STEP * (down * marks.width + across)
            blocks = begin[:, None, :, None] + (within + skipped)
            window = _windows()[down, across] * math.sqrt(marks.share)
            laid.addcmul_(marks.detail[blocks], window)
    if color < 1:
        pixels = laid.view(*laid.shape[:-1], -1, 3)
        gray = pixels.mean(-1, keepdim=True)
        squares += torch.lerp(gray, pixels, color).view(squares.shape)


@cache
def _windows() -> Tensor:
    """Of each quarter of a patch, ``(2, 2, 4, 1, 4, 48)``."""
    side = PATCH * SIDE
    line = ((torch.arange(side) + 0.5) / side * math.pi).sin()
    plane = (line[:, None] * line).view(2, STEP, SIDE, 2, STEP, SIDE)
    windows = plane.permute(0, 3, 1, 4, 2, 5)[..., None].expand(-1, -1, -1, -1, -1, -1, 3)
    return windows.reshape(2, 2, STEP, 1, STEP, NUMBERS)
