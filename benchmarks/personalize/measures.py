"""What is measured of each result: the match of every attribute, and what is left of the drawing."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.personalize.contestants import Made
from bottega.evaluate import edge_agreement
from bottega.personalize import Condition, match, read


@torch.no_grad()
def measure(made: Made, drafts: Tensor, asked: Tensor) -> list[dict[str, float]]:
    """One row per picture: each attribute's match, ``match`` (their mean), ``content`` and ``in_place``.

    ``content`` is the agreement of edge orientations with the draft moved by the same warp: a subject that
    was asked to move may move, what is drawn there should stay. ``in_place`` is that with the draft itself.
    """
    rows = []
    for picture, drawing, draft, wanted, got in zip(
        made.pictures, made.drawings, drafts, asked, read(made.pictures), strict=True
    ):
        found = match(Condition.of_vector(wanted), Condition.of_vector(got))
        row = {**found.attributes, "match": found.mean}
        row["content"] = edge_agreement(picture[None], drawing[None])
        row["in_place"] = edge_agreement(picture[None], draft[None])
        rows.append({name: round(value, 4) for name, value in row.items()})
    return rows
