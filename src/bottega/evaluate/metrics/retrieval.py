"""How well scores put the right ones first: area under the ROC curve, ranks in a retrieval."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from bottega.errors import SettingsError


def auc(positives: ArrayLike, negatives: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties counting half.

    It is the Mann–Whitney U statistic over the number of pairs. For a distance, where smaller means more
    alike, give the distances negated.

    Raises:
        SettingsError: one of the groups is empty or holds something that is no number.
    """
    high, low = np.asarray(positives, float).ravel(), np.asarray(negatives, float).ravel()
    if not high.size or not low.size:
        raise SettingsError("The area under the curve needs at least one positive and one negative score.")
    if np.isnan(high).any() or np.isnan(low).any():
        raise SettingsError(
            "The scores for the area under the curve contain NaN; every score must be a number."
        )
    ranks = rankdata(np.concatenate([high, low]))
    u = ranks[: high.size].sum() - high.size * (high.size + 1) / 2
    return float(u / (high.size * low.size))


def retrieval_ranks(similarity: ArrayLike) -> NDArray[np.float64]:
    """Rank, from 1, at which each query finds its own item.

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
