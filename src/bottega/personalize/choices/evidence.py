"""Votes as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bottega.personalize.choices.likelihood import Evidence
from bottega.personalize.choices.votes import Vote, contests, scores


def gather(votes: Sequence[Vote], names: Sequence[str], features: NDArray[np.float64]) -> Evidence:
    """The evidence of standing votes.

    Args:
        names: of all items that the votes name.
        features: of these items, ``(n, P + 1)``, with 0 for the generosity.
    """
    place = {name: number for number, name in enumerate(names)}
    picks = contests(votes)
    most = max(map(len, picks), default=1)
    rows = np.full((len(picks), most), -1)
    for row, contest in zip(rows, picks, strict=True):
        row[: len(contest)] = [place[name] for name in contest]
    present = rows >= 0
    rated, stars = scores(votes)
    rated_features = features[[place[name] for name in rated]].reshape(len(rated), features.shape[1])
    rated_features[:, -1] = 1
    return Evidence(
        contests=np.where(present[..., None], features[rows], 0),
        present=present,
        rated=rated_features,
        stars=np.asarray(stars, np.intp),
    )
