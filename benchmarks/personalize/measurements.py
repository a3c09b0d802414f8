"""What is measured of each result: the match of every attribute, and the agreement of edges."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.personalize.methods import Adjusted
from bottega.evaluation import edge_agreement
from bottega.personalize import Condition, analyze, match


@torch.no_grad()
def measure(adjusted: Adjusted, drafts: Tensor, requested: Tensor) -> list[dict[str, float]]:
    """One row per picture: each attribute's match, ``match`` (their mean), ``content`` and ``in_place``.

    ``content`` is the agreement of edge orientations with the draft moved by the same warp: a subject that
    is requested elsewhere may move, what is drawn there should stay. ``in_place`` is that with the draft.
    """
    rows = []
    vectors = zip(requested, analyze(adjusted.pictures), strict=True)
    for picture, structure, draft, (target, values) in zip(
        adjusted.pictures, adjusted.structure, drafts, vectors, strict=True
    ):
        result = match(Condition.from_vector(target), Condition.from_vector(values))
        row = {**result.attributes, "match": result.mean}
        row["content"] = edge_agreement(picture[None], structure[None])
        row["in_place"] = edge_agreement(picture[None], draft[None])
        rows.append({name: round(value, 4) for name, value in row.items()})
    return rows
