"""Retrieval ranks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bottega.errors import SettingsError


def retrieval_ranks(similarity: ArrayLike) -> NDArray[np.float64]:
    """Rank, from 1, at which each query retrieves its own item.

    Args:
        similarity: ``(queries, items)``; query ``i`` looks for item ``i``. Items that score exactly as high
            as the right one share the mean rank, so that constant features gain nothing.

    Returns:
        ``(queries,)``. Top-1 accuracy is ``(ranks == 1).mean()``, the mean reciprocal rank
        ``(1 / ranks).mean()``.

    Raises:
        SettingsError: not a square table.
    """
    table = np.asarray(similarity, float)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise SettingsError(f"A retrieval table must be square, one item per query; this has {table.shape}.")
    own = np.diagonal(table)[:, None]
    return 1.0 + (table > own).sum(axis=1) + ((table == own).sum(axis=1) - 1) / 2
