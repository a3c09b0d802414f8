"""Retrieval of a photograph by mid-layer features after a change of color, a blur, a Kuwahara filter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from benchmarks.encoders.picture_changes import blur, change_color, kuwahara_filter, recrop
from bottega.encoders import Encoder
from bottega.evaluation import retrieval_ranks

GRID = 4
CHANGES = ("color", "blur", "repainting", "all and reframing")


def retrieval(encoder: Encoder, photographs: Sequence[Tensor], change: str) -> NDArray[np.float64]:
    """The rank, from 1, at which every changed photograph finds its original among all originals.

    Similarity is the cosine of the content layers' features, averaged on a 4 × 4 grid, each layer scaled
    to unit length, and less the originals' mean.
    """
    generator = torch.Generator().manual_seed(0)
    changed = [_apply_change(photograph, change, generator) for photograph in photographs]
    items, queries = _describe(encoder, photographs), _describe(encoder, changed)
    mean = items.mean(0)
    return retrieval_ranks((F.normalize(queries - mean) @ F.normalize(items - mean).T).numpy())


def _apply_change(photograph: Tensor, change: str, generator: torch.Generator) -> Tensor:
    if change == "color":
        return change_color(photograph, generator)
    if change == "blur":
        return blur(photograph)
    if change == "repainting":
        return kuwahara_filter(photograph)
    return kuwahara_filter(blur(recrop(change_color(photograph, generator), generator), sigma=1.5))


@torch.no_grad()
def _describe(encoder: Encoder, photographs: Sequence[Tensor]) -> Tensor:
    """``(photographs, features)``."""
    rows = []
    for photograph in photographs:
        features = encoder(photograph, encoder.content_layers)
        parts = [
            weight * F.normalize(F.adaptive_avg_pool2d(features[layer], GRID).flatten(1))
            for layer, weight in encoder.content_layers.items()
        ]
        rows.append(torch.cat(parts, 1))
    return torch.cat(rows)
