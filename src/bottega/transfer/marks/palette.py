"""Room in a palette for what marks will add to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from bottega.layers import ColorMoments
from bottega.transfer.marks.marks import Marks, amplitudes

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
