"""Feature matrices, ``(pictures, dimensions)``: checks, and blocks that keep pairwise distances in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bottega.errors import SettingsError

Features = Tensor | NDArray[np.floating]
BLOCK_ROWS = 1024
EQUAL_DISTANCE = 1e-6  # over the length of a row; rows that are nearer are of the same picture


def as_rows(features: Features) -> Tensor:
    """Features as float64 rows on the CPU.

    Raises:
        SettingsError: no rows, another shape, or a number that is not finite.
    """
    rows = torch.as_tensor(features).detach().to("cpu", torch.float64)
    if rows.ndim != 2 or 0 in rows.shape:
        raise SettingsError(
            f"Features are one row per picture, (pictures, dimensions); these are {tuple(rows.shape)}."
        )
    if not torch.isfinite(rows).all():
        raise SettingsError("Some features are not finite numbers; look for broken pictures in the set.")
    return rows


def both_as_rows(features: Features, reference: Features) -> tuple[Tensor, Tensor]:
    """Two sets of features of one extractor as rows.

    Raises:
        SettingsError: as :func:`as_rows`, or the rows differ in length.
    """
    rows, others = as_rows(features), as_rows(reference)
    check_same_dimensions(rows.shape[1], others.shape[1])
    return rows, others


def check_same_dimensions(first: int, second: int) -> None:
    """Check that features are from one extractor.

    Raises:
        SettingsError: the dimensions differ.
    """
    if first != second:
        raise SettingsError(
            f"Only features of one extractor can be compared; these have {first} and {second} dimensions."
        )


def shared_rows(rows: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures that stand in both sets: indices ``(n,)`` into ``rows`` and into ``others``.

    Args:
        rows, others: of :func:`both_as_rows`; each of ``others`` is paired with its nearest row.
    """
    nearest = [torch.cdist(others[block], rows).min(dim=1) for block in row_blocks(len(others))]
    distances = torch.cat([block.values for block in nearest])
    equal = torch.nonzero(distances <= EQUAL_DISTANCE * others.norm(dim=1))[:, 0]
    return torch.cat([block.indices for block in nearest])[equal], equal


def distinct_rows(features: Features) -> Tensor:
    """Which rows ``(N,)`` bool equal no earlier one: every picture once."""
    rows = as_rows(features)
    limit = EQUAL_DISTANCE * rows.norm(dim=1, keepdim=True)
    distinct = []
    for block in row_blocks(len(rows)):
        equal = torch.cdist(rows[block], rows) <= limit[block]
        distinct.append(~equal.tril(block.start - 1).any(dim=1))
    return torch.cat(distinct)


def row_blocks(size: int) -> Iterator[slice]:
    """Slices of at most ``BLOCK_ROWS`` rows that cover ``size`` rows."""
    return (slice(start, min(start + BLOCK_ROWS, size)) for start in range(0, size, BLOCK_ROWS))
