"""Is the style distance smaller between crops of one painting than between crops of two artists?"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import Tensor

from benchmarks.encoders.inputs import CropPair
from benchmarks.encoders.picture_changes import equalize_colors, to_grayscale, unchanged
from bottega.encoders import Encoder
from bottega.evaluation import Interval, bootstrap_interval, compare_styles, measure_style, style_target

VARIANTS: dict[str, Callable[[Tensor], Tensor]] = {
    "in color": unchanged,
    "luminance only": to_grayscale,
    "equal colors": equalize_colors,
}


def crop_test(
    encoder: Encoder,
    pairs: Sequence[CropPair],
    *,
    variant: str,
    term: str,
    negatives: int,
    resamples: int,
    seed: int = 0,
) -> Interval:
    """Area under the curve, with an interval by painting.

    Positives are the two crops of one painting. Negatives are its first crop with the second crops of
    ``negatives`` paintings by other artists. One threshold has to serve all paintings.
    """
    change = VARIANTS[variant]
    firsts = [measure_style(encoder, change(pair.first), term=term) for pair in pairs]
    seconds = [style_target(measure_style(encoder, change(pair.second), term=term)) for pair in pairs]
    rng = random.Random(seed)
    rows: list[tuple[float, float]] = []
    groups: list[int] = []
    for index, pair in enumerate(pairs):
        others = [i for i, other in enumerate(pairs) if other.artist != pair.artist]
        sampled = rng.sample(others, min(negatives, len(others)))
        for partner in [index, *sampled]:
            rows.append((compare_styles(encoder, firsts[index], seconds[partner]), partner == index))
            groups.append(index)
    return bootstrap_interval(rows, _area, resamples=resamples, seed=seed, groups=groups)


def _area(rows: NDArray[np.float64]) -> float:
    """Area under the ROC curve; NaN for a resample of one kind of pairs."""
    distances, same = rows[:, 0], rows[:, 1] == 1
    return float(roc_auc_score(same, -distances)) if 0 < same.sum() < len(same) else math.nan
