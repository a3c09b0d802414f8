"""Computed proxies for qualities that people rate in works of art. They are not ratings.

The founding study of this project (Luo & Tao 2025, doi 10.1515/pjbr-2025-0009, table 1) has works rated out
of ten for sharpness, color accuracy, stylistic continuity, innovativeness and technical realization, and
does not define how. Two of them have a proxy here, each on the same scale: the share of pictures that are
within the range of the reference, and 0 for blots, noise and flat pictures. What was tried for the other
three gave full marks to such pictures, so they are left to people.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bottega.evaluation.metrics.bootstrap import bootstrap_interval
from bottega.evaluation.metrics.features import row_blocks
from bottega.evaluation.metrics.precision_recall import neighbor_distances
from bottega.evaluation.report.measure_set import MeasuredSet
from bottega.evaluation.report.metric_rows import NAN, MetricRow

MAX_SCORE = 10.0
RANGE = 0.95  # share of the reference that defines its range
MIN_CONTRAST = 2.0  # standard deviation of L*; below it a picture is empty
MAX_CLIPPED_SHARE = 0.25  # share of pure black and white pixels, unless the reference has more
DUPLICATE_DISTANCE = 1e-3  # of features, over the reference's median; below it two pictures are the same


def proxy_rows(results: MeasuredSet, reference: MeasuredSet, *, seed: int = 0) -> list[MetricRow]:
    """Two scores out of ten, each with its definition."""
    shares = [
        (
            "sharpness",
            is_as_sharp(results, reference),
            "share of pictures whose edge width and Laplacian variance are as 95 % of the reference's",
        ),
        (
            "stylistic continuity",
            is_in_style(results, reference),
            "share of pictures as near to the reference in style, and as colorful, as 95 % of its own",
        ),
    ]
    return [
        MetricRow(
            f"{name} (proxy)",
            bootstrap_interval(MAX_SCORE * values, seed=seed, resamples=1000),
            NAN,
            "higher",
            description,
        )
        for name, values, description in shares
    ]


def is_as_sharp(results: MeasuredSet, reference: MeasuredSet) -> NDArray[np.float64]:
    """1 for each picture with a sharpness that is usual in the reference, else 0.

    Both measures count: hard-edged blots have narrow edges but few of them, noise has too many.
    """
    return _is_usual(results, reference, "edge width") * _is_usual(results, reference, "Laplacian variance")


def is_in_style(results: MeasuredSet, reference: MeasuredSet) -> NDArray[np.float64]:
    """1 for each picture with style statistics and a chroma within the range of the reference, else 0."""
    styles = reference.styles.double()
    deviation = styles.std(dim=0)
    # Channels that are almost silent in the reference would dominate the distance.
    unit = deviation.clamp_min(1e-3 * deviation.mean().item() or 1.0)
    distances = _nearest_distances(results.styles.double() / unit, styles / unit)
    limit = torch.quantile(neighbor_distances(styles / unit, 1), RANGE)
    return (distances <= limit).double().numpy() * _is_usual(results, reference, "chroma")


def technical_faults(results: MeasuredSet, reference: MeasuredSet) -> dict[str, int]:
    """How many results are flat, clipped, or the same as another one."""
    name = results.extractor_name
    max_clipped = max(MAX_CLIPPED_SHARE, float(np.quantile(reference.values["clipped"], RANGE)))
    median_distance = neighbor_distances(reference.features[name], 1).median().item()
    repeated = neighbor_distances(results.features[name], 1).numpy() <= DUPLICATE_DISTANCE * median_distance
    return {
        "flat": int((results.values["contrast"] < MIN_CONTRAST).sum()),
        "clipped to black and white": int((results.values["clipped"] > max_clipped).sum()),
        "the same as another one": int(repeated.sum()),
    }


def _is_usual(results: MeasuredSet, reference: MeasuredSet, name: str) -> NDArray[np.float64]:
    """1 for each value between the quantiles that hold 95 % of the reference; NaN (no edge) is infinite."""
    values, usual = (np.nan_to_num(each.values[name], nan=np.inf) for each in (results, reference))
    tail = (1 - RANGE) / 2
    low, high = np.quantile(usual, [tail, 1 - tail], method="inverted_cdf")
    return ((values >= low) & (values <= high)).astype(float)


def _nearest_distances(rows: Tensor, others: Tensor) -> Tensor:
    return torch.cat([torch.cdist(rows[block], others).amin(dim=1) for block in row_blocks(len(rows))])
