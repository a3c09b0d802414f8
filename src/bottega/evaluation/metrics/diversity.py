"""How much the pictures of a set differ from each other, and how similar pairs are.

All raise SettingsError for too few pictures, different extractors, or numbers that are not finite.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bottega.errors import SettingsError
from bottega.evaluation.metrics.features import Features, as_rows, both_as_rows, row_blocks


def mean_pairwise_distance(features: Features) -> float:
    """The mean Euclidean distance over all pairs of rows ``(N, D)``; 0 where all pictures are equal."""
    rows = as_rows(features)
    if len(rows) < 2:
        raise SettingsError(f"Diversity needs two pictures or more; there is {len(rows)}.")
    total = sum(torch.cdist(rows[block], rows).sum().item() for block in row_blocks(len(rows)))
    return total / (len(rows) * (len(rows) - 1))


def vendi_score(features: Features, center: Features | None = None) -> float:
    """The effective number of different pictures (Friedman & Dieng 2023, arXiv 2210.02410, equation 1).

    The exponential of the entropy of the eigenvalues of the cosine similarities over N: 1 where all pictures
    are equal, N where all are wholly different.

    Args:
        features: rows ``(N, D)``.
        center: ``(D,)``, subtracted first; the paper subtracts nothing. Features after a ReLU all point much
            the same way; with the mean of the reference as the center, what distinguishes pictures counts.
    """
    rows = as_rows(features)
    if center is not None:
        offset = torch.as_tensor(center).to(rows)
        if offset.shape != rows.shape[1:]:
            raise SettingsError(f"The center has the shape {tuple(offset.shape)}, not ({rows.shape[1]},).")
        rows = rows - offset
    rows = torch.nn.functional.normalize(rows, dim=1)
    # Both Gram matrices have the same eigenvalues but zeros; the smaller is faster.
    gram = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
    eigenvalues = torch.linalg.eigvalsh(gram / len(rows)).clamp_min(0)
    return torch.special.entr(eigenvalues).sum().exp().item()


def cosine_similarity(features: Features, reference: Features) -> NDArray[np.float64]:
    """The cosine between row ``i`` of both ``(N, D)``, ``(N,)`` in [-1, 1]."""
    rows, others = both_as_rows(features, reference)
    if len(rows) != len(others):
        raise SettingsError(f"Pairs are compared, but there are {len(rows)} and {len(others)} pictures.")
    return torch.nn.functional.cosine_similarity(rows, others, dim=1).numpy()
