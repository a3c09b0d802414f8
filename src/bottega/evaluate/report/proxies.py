"""Computed stand-ins for the five columns in which people judge works of art. They are no judgements.

The founding study of this project (Luo & Tao 2025, doi 10.1515/pjbr-2025-0009, table 1) has works rated out
of ten for sharpness, colour accuracy, stylistic continuity, innovativeness and technical realization, and
does not define how. What a program can measure of each is given here on the same scale, with the reference
as the measure of ten.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bottega.evaluate.metrics.bootstrap import Interval, bootstrap_interval
from bottega.evaluate.metrics.jackknife import jackknife
from bottega.evaluate.metrics.precision_recall import NEIGHBOURS, radii
from bottega.evaluate.metrics.style_scatter import style_scatter
from bottega.evaluate.palettes import Palette
from bottega.evaluate.report.measure_set import MeasuredSet
from bottega.evaluate.report.metric_rows import NAN, Figure, color_distances, near_threshold, new_pictures

TEN = 10.0
WORST_COLORS = 50.0  # ΔE₀₀: half of black against white
CLIPPED = 0.25  # share of pure black and white pixels that is too much, unless the reference has more
FLAT = 2.0  # contrast in L* below which nothing is shown
SAME = 1e-3  # distance of features, of the usual one, below which two pictures are one


def proxies(results: MeasuredSet, reference: MeasuredSet, wanted: Palette, *, seed: int = 0) -> list[Figure]:
    """Five figures out of ten, each with what it is made of."""
    rows = [
        (
            "sharpness (proxy)",
            _share(_sharp(results, reference), seed),
            "usual edge width of the reference over that of each picture, at most 1",
        ),
        (
            "colour accuracy (proxy)",
            _share(_colored(results, reference, wanted), seed),
            "1 at the reference's usual colour distance to the target palette, 0 at ΔE₀₀ 50",
        ),
        (
            "stylistic continuity (proxy)",
            _continuity(results, reference, seed),
            "1 over the scatter of the manner, at most 1: no looser than the reference",
        ),
        (
            "innovativeness (proxy)",
            _share(new_and_at_home(results, reference), seed),
            "share of pictures that are no copies and yet belong to the reference's kind",
        ),
        (
            "technical realization (proxy)",
            _share(sound(results, reference), seed),
            "share of files that can be read, are not flat, not clipped, and there only once",
        ),
    ]
    return [Figure(name, value, NAN, "higher", says) for name, value, says in rows]


def sound(results: MeasuredSet, reference: MeasuredSet) -> NDArray[np.float64]:
    """1 for each file without a technical fault, 0 for the others; unreadable ones come last."""
    name = next(iter(results.features))
    limit = max(CLIPPED, float(np.quantile(reference.values["clipped"], 0.95)))
    usual = radii(reference.features[name], 1).median().item()
    alone = radii(results.features[name], 1).numpy() > SAME * usual
    faultless = (results.values["contrast"] >= FLAT) & (results.values["clipped"] <= limit) & alone
    return np.concatenate([faultless.astype(float), np.zeros(len(results.broken))])


def _sharp(results: MeasuredSet, reference: MeasuredSet) -> NDArray[np.float64]:
    usual = np.nanmedian(reference.values["edge width"])
    widths = np.nan_to_num(results.values["edge width"], nan=np.inf)  # no edge at all is not sharp
    return np.minimum(1.0, usual / np.maximum(widths, 1e-9))


def _colored(results: MeasuredSet, reference: MeasuredSet, wanted: Palette) -> NDArray[np.float64]:
    usual = float(np.median(color_distances(reference, wanted)))
    apart = color_distances(results, wanted)
    return np.clip((WORST_COLORS - apart) / max(WORST_COLORS - usual, 1e-9), 0, 1)


def _continuity(results: MeasuredSet, reference: MeasuredSet, seed: int) -> Interval:
    def share(ours: NDArray[np.intp], theirs: NDArray[np.intp]) -> float:
        return 1 / max(1.0, style_scatter(results.styles[ours], reference.styles[theirs]))

    found = jackknife(share, (len(results), len(reference)), seed=seed)
    reach = found.corrected.high - found.corrected.estimate
    ends = (found.figure - reach, found.figure, found.figure + reach)
    low, estimate, high = (TEN * min(max(end, 0.0), 1.0) for end in ends)
    return Interval(estimate, low, high)


def new_and_at_home(results: MeasuredSet, reference: MeasuredSet) -> NDArray[np.float64]:
    """1 for each picture that is no copy and lies in the ball of its nearest of the reference, else 0."""
    name = next(iter(results.features))
    new = new_pictures(results, reference)
    theirs = reference.features[name]
    balls = radii(theirs, min(NEIGHBOURS, len(theirs) - 1)).numpy()
    nearest = new.ratios * radii(theirs, 1).median().item()
    belongs = nearest <= balls[new.nearest]
    return (belongs & (new.ratios >= near_threshold(reference, name))).astype(float)


def _share(values: NDArray[np.float64], seed: int) -> Interval:
    return bootstrap_interval(TEN * values, seed=seed, resamples=1000)
