"""Computed proxies for the five qualities that people rate in works of art. They are not ratings.

The founding study of this project (Luo & Tao 2025, doi 10.1515/pjbr-2025-0009, table 1) has works rated out
of ten for sharpness, color accuracy, stylistic continuity, innovativeness and technical realization, and
does not define how. Each proxy is on the same scale, with the reference as ten.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bottega.evaluation.metrics.bootstrap import Interval, bootstrap_interval, jackknife
from bottega.evaluation.metrics.perceptual import style_variation
from bottega.evaluation.metrics.precision_recall import NEIGHBORS, neighbor_distances
from bottega.evaluation.report.measure_set import MeasuredSet
from bottega.evaluation.report.metric_rows import (
    NAN,
    MetricRow,
    color_distances,
    copy_threshold,
    set_novelty,
)
from bottega.layers.palette import Palette

MAX_SCORE = 10.0
MAX_COLOR_DISTANCE = 50.0  # ΔE₀₀ that scores 0: half of black against white
MAX_CLIPPED_SHARE = 0.25  # share of pure black and white pixels, unless the reference has more
MIN_CONTRAST = 2.0  # standard deviation of L*; below it a picture is empty
DUPLICATE_DISTANCE = 1e-3  # of features, over the reference's median; below it two pictures are the same


def proxy_rows(
    results: MeasuredSet, reference: MeasuredSet, target: Palette, *, seed: int = 0
) -> list[MetricRow]:
    """Five scores out of ten, each with its definition."""
    shares = [
        (
            "sharpness",
            _sharpness(results, reference),
            "median edge width of the reference over that of each picture, at most 1",
        ),
        (
            "color accuracy",
            _color_accuracy(results, reference, target),
            "1 at the reference's median color distance to the target palette, 0 at ΔE₀₀ 50",
        ),
        (
            "innovativeness",
            novel_and_typical(results, reference),
            "share of pictures that are not copies, yet inside the reference's distribution",
        ),
        (
            "technical realization",
            technically_valid(results, reference),
            "share of files that can be read, are not flat, not clipped, and occur only once",
        ),
    ]
    rows = [
        MetricRow(
            f"{name} (proxy)",
            bootstrap_interval(MAX_SCORE * values, seed=seed, resamples=1000),
            NAN,
            "higher",
            description,
        )
        for name, values, description in shares
    ]
    continuity = MetricRow(
        "stylistic continuity (proxy)",
        _style_continuity(results, reference, seed),
        NAN,
        "higher",
        "1 over the style variation, at most 1: as consistent as the reference",
    )
    return [*rows[:2], continuity, *rows[2:]]


def technically_valid(results: MeasuredSet, reference: MeasuredSet) -> NDArray[np.float64]:
    """1 for each file without a technical fault, 0 for the others; unreadable ones come last."""
    name = results.extractor_name
    max_clipped = max(MAX_CLIPPED_SHARE, float(np.quantile(reference.values["clipped"], 0.95)))
    median_distance = neighbor_distances(reference.features[name], 1).median().item()
    unique = neighbor_distances(results.features[name], 1).numpy() > DUPLICATE_DISTANCE * median_distance
    valid = (results.values["contrast"] >= MIN_CONTRAST) & (results.values["clipped"] <= max_clipped) & unique
    return np.concatenate([valid.astype(float), np.zeros(len(results.unreadable))])


def novel_and_typical(results: MeasuredSet, reference: MeasuredSet) -> NDArray[np.float64]:
    """1 for each picture that is not a copy and lies in the ball of its nearest reference picture, else 0."""
    novelty = set_novelty(results, reference)
    features = reference.features[reference.extractor_name]
    radii = neighbor_distances(features, min(NEIGHBORS, len(features) - 1)).numpy()
    distances = novelty.ratios * neighbor_distances(features, 1).median().item()
    typical = distances <= radii[novelty.nearest]
    return (typical & (novelty.ratios >= copy_threshold(reference))).astype(float)


def _sharpness(results: MeasuredSet, reference: MeasuredSet) -> NDArray[np.float64]:
    reference_width = np.nanmedian(reference.values["edge width"])
    widths = np.nan_to_num(results.values["edge width"], nan=np.inf)  # a picture without edges is not sharp
    return np.minimum(1.0, reference_width / np.maximum(widths, 1e-9))


def _color_accuracy(results: MeasuredSet, reference: MeasuredSet, target: Palette) -> NDArray[np.float64]:
    reference_distance = float(np.median(color_distances(reference, target)))
    distances = color_distances(results, target)
    return np.clip(
        (MAX_COLOR_DISTANCE - distances) / max(MAX_COLOR_DISTANCE - reference_distance, 1e-9), 0, 1
    )


def _style_continuity(results: MeasuredSet, reference: MeasuredSet, seed: int) -> Interval:
    estimate = jackknife(
        lambda a, b: 1 / max(1.0, style_variation(results.styles[a], reference.styles[b])),
        (len(results), len(reference)),
        seed=seed,
    )
    margin = estimate.corrected.high - estimate.corrected.estimate
    raw, low, high = (
        MAX_SCORE * min(max(value, 0.0), 1.0)
        for value in (estimate.raw, estimate.raw - margin, estimate.raw + margin)
    )
    return Interval(raw, low, high)
