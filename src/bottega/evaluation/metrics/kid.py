"""The kernel distance between two sets of features: KID, unbiased at any number of pictures.

Both raise SettingsError for features of different extractors, fewer than two pictures in a set, or numbers
that are not finite.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.evaluation.metrics.bootstrap import CONFIDENCE, Interval
from bottega.evaluation.metrics.features import Features, both_as_rows, row_blocks, shared_rows

KERNEL_DEGREE = 3


def kernel_distance(features: Features, reference: Features) -> float:
    """Squared maximum mean discrepancy, unbiased, with the kernel (x·y / D + 1)³: KID.

    Bińkowski, Sutherland, Arbel & Gretton 2018 (arXiv 1801.01401, section 3 and equation 4). They average it
    over random subsets to save memory; here every pair of pictures counts once, block by block. The pair of a
    picture with itself is left out between the sets as well as within them: a set has the distance 0 to
    itself.

    Args:
        features: rows ``(N, D)`` of one extractor; two pictures or more.
        reference: likewise.

    Returns:
        About 0 for two samples of one distribution, below 0 by chance.
    """
    rows, others = _checked_rows(features, reference)
    return _estimates(rows, others, rows.new_ones(1, len(rows)), rows.new_ones(1, len(others)))[0].item()


def kid(features: Features, reference: Features, *, resamples: int = 1000, seed: int = 0) -> Interval:
    """:func:`kernel_distance` with a percentile bootstrap interval over the pictures of both sets.

    Where a picture is drawn twice, its pair with itself is left out: the unbiased estimate excludes it, and
    counting it would shift the interval upwards.

    Args:
        resamples: number of resamples of both sets.
    """
    rows, others = _checked_rows(features, reference)
    generator = torch.Generator().manual_seed(seed)
    counts = [_resample_counts(len(each), resamples, generator) for each in (rows, others)]
    estimates = _estimates(rows, others, *counts)
    # A resample of a very small set can be one picture again and again, which has no pairs.
    finite = estimates[1:][torch.isfinite(estimates[1:])]
    tail = (1 - CONFIDENCE) / 2
    low, high = finite.quantile(finite.new_tensor([tail, 1 - tail])).tolist()
    return Interval(estimates[0].item(), low, high)


def _checked_rows(features: Features, reference: Features) -> tuple[Tensor, Tensor]:
    rows, others = both_as_rows(features, reference)
    if min(len(rows), len(others)) < 2:
        raise SettingsError("The kernel distance needs two pictures or more in each set.")
    return rows, others


def _resample_counts(size: int, resamples: int, generator: torch.Generator) -> Tensor:
    """How often each picture is drawn, ``(1 + resamples, size)``; in the first row each is drawn once."""
    indices = torch.randint(size, (resamples, size), generator=generator)
    ones = torch.ones(resamples, size, dtype=torch.float64)
    return torch.cat([ones.new_ones(1, size), torch.zeros_like(ones).scatter_add_(1, indices, ones)])


def _estimates(rows: Tensor, others: Tensor, row_counts: Tensor, other_counts: Tensor) -> Tensor:
    """The estimate for each row of counts, ``(counts,)``."""
    each_row, each_other = torch.arange(len(rows)), torch.arange(len(others))
    within = _mean_kernel(rows, rows, row_counts, row_counts, (each_row, each_row))
    within = within + _mean_kernel(others, others, other_counts, other_counts, (each_other, each_other))
    return within - 2 * _mean_kernel(rows, others, row_counts, other_counts, shared_rows(rows, others))


def _mean_kernel(
    x: Tensor, y: Tensor, x_counts: Tensor, y_counts: Tensor, same: tuple[Tensor, Tensor]
) -> Tensor:
    """Mean kernel over weighted pairs, ``(counts,)``, without the pairs ``same`` of a picture with itself."""
    x_same, y_same = same
    total = x_counts.new_zeros(len(x_counts))
    for rows in row_blocks(len(x)):
        for columns in row_blocks(len(y)):
            kernel = (x[rows] @ y[columns].T / x.shape[1] + 1) ** KERNEL_DEGREE
            inside = (x_same >= rows.start) & (x_same < rows.stop)
            inside &= (y_same >= columns.start) & (y_same < columns.stop)
            kernel[x_same[inside] - rows.start, y_same[inside] - columns.start] = 0
            total += ((x_counts[:, rows] @ kernel) * y_counts[:, columns]).sum(dim=1)
    pairs = x_counts.sum(dim=1) * y_counts.sum(dim=1)
    pairs = pairs - (x_counts[:, x_same] * y_counts[:, y_same]).sum(dim=1)
    return total / pairs
