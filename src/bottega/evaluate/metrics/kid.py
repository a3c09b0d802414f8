"""The kernel distance between two sets of features: KID, unbiased at any number of pictures."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.evaluate.metrics.bootstrap import Interval
from bottega.evaluate.metrics.features import Features, both_as_rows

DEGREE = 3
BLOCK = 1024


def kernel_distance(features: Features, reference: Features) -> float:
    """Squared maximum mean discrepancy, unbiased, with the kernel (x·y / D + 1)³: KID.

    Bińkowski, Sutherland, Arbel & Gretton 2018 (arXiv 1801.01401, section 3 and equation 4). They average it
    over random subsets to save memory; here every pair of pictures counts once, block by block.

    Args:
        features, reference: rows ``(N, D)`` of one extractor; two pictures or more.

    Returns:
        About 0 for two samples of one distribution, below 0 by chance.

    Raises:
        SettingsError: different extractors, fewer than two pictures, or numbers that are not finite.
    """
    return _weighted(*_checked(features, reference))[0].item()


def kid(
    features: Features,
    reference: Features,
    *,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval:
    """:func:`kernel_distance` with a percentile bootstrap interval over the pictures of both sets.

    Where a picture was drawn twice, the pair of it with itself is left out: it would be a copy, which the
    unbiased estimate excludes, and its presence would shift the interval upwards.

    Args:
        resamples: how often both sets are drawn anew.

    Raises:
        SettingsError: as :func:`kernel_distance`.
    """
    rows, others = _checked(features, reference)
    generator = torch.Generator().manual_seed(seed)
    draws = _counts(len(rows), resamples, generator), _counts(len(others), resamples, generator)
    estimates = _weighted(rows, others, *draws)
    # Of very small sets a draw can be one picture again and again, which has no pairs.
    resampled = estimates[1:][torch.isfinite(estimates[1:])]
    tail = (1 - confidence) / 2
    low, high = resampled.quantile(resampled.new_tensor([tail, 1 - tail])).tolist()
    return Interval(estimates[0].item(), low, high)


def _checked(features: Features, reference: Features) -> tuple[Tensor, Tensor]:
    rows, others = both_as_rows(features, reference)
    if min(len(rows), len(others)) < 2:
        raise SettingsError("The kernel distance needs two pictures or more in each set.")
    return rows, others


def _counts(size: int, resamples: int, generator: torch.Generator) -> Tensor:
    """How often each picture is drawn, ``(resamples, size)``."""
    drawn = torch.randint(size, (resamples, size), generator=generator)
    return torch.zeros(resamples, size, dtype=torch.float64).scatter_add_(
        1, drawn, torch.ones(resamples, size, dtype=torch.float64)
    )


def _weighted(
    rows: Tensor, others: Tensor, row_counts: Tensor | None = None, other_counts: Tensor | None = None
) -> Tensor:
    """The estimate, then that of each resample, ``(1 + resamples,)``."""
    a, b = _with_ones(rows, row_counts), _with_ones(others, other_counts)
    within = _mean_kernel(rows, rows, a, a, same=True) + _mean_kernel(others, others, b, b, same=True)
    return within - 2 * _mean_kernel(rows, others, a, b, same=False)


def _with_ones(rows: Tensor, counts: Tensor | None) -> Tensor:
    ones = rows.new_ones(1, len(rows))
    return ones if counts is None else torch.cat([ones, counts])


def _mean_kernel(x: Tensor, y: Tensor, a: Tensor, b: Tensor, *, same: bool) -> Tensor:
    """Mean kernel over weighted pairs, ``(resamples,)``; without pairs of a picture with itself."""
    total = a.new_zeros(len(a))
    for rows in _blocks(len(x)):
        for columns in _blocks(len(y)):
            kernel = (x[rows] @ y[columns].T / x.shape[1] + 1) ** DEGREE
            if same and rows == columns:
                kernel.fill_diagonal_(0)
            total += ((a[:, rows] @ kernel) * b[:, columns]).sum(dim=1)
    pairs = a.sum(dim=1) * b.sum(dim=1)
    if same:
        pairs = pairs - (a * b).sum(dim=1)
    return total / pairs


def _blocks(size: int) -> Iterator[slice]:
    return (slice(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK))
