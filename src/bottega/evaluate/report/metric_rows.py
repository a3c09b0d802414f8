"""The tables of a report: what is measured between a set and its reference, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bottega.evaluate.metrics.bootstrap import Interval, bootstrap_interval
from bottega.evaluate.metrics.diversity import mean_pairwise_distance, vendi_score
from bottega.evaluate.metrics.fid import fid
from bottega.evaluate.metrics.jackknife import jackknife
from bottega.evaluate.metrics.kid import kernel_distance, kid
from bottega.evaluate.metrics.precision_recall import NEIGHBOURS, Novelty, novelty, precision_recall, radii
from bottega.evaluate.metrics.set_texture import sliced_wasserstein_sets
from bottega.evaluate.metrics.style_scatter import style_scatter
from bottega.evaluate.palettes import Palette, palette_distance
from bottega.evaluate.report.measure_set import MeasuredSet

NEAR = 0.05  # of the reference's pictures have one nearer: what lies nearer still is taken for a copy
NAN = float("nan")


@dataclass(frozen=True)
class Figure:
    """One row of a table.

    Attributes:
        name: with its extractor, such as ``fid[small]``.
        value: with its interval; both ends are NaN where none is known.
        usual: the same of the reference: between two halves of it, or within it; NaN where there is none.
        better: "lower", "higher", or "as usual": near what the reference has.
        says: what it tells, in a few words.
    """

    name: str
    value: Interval
    usual: float
    better: str
    says: str

    def plain(self) -> dict[str, Any]:
        """For JSON: NaN becomes null."""
        numbers = {
            "value": self.value.estimate,
            "low": self.value.low,
            "high": self.value.high,
            "usual": self.usual,
        }
        known = {key: number if np.isfinite(number) else None for key, number in numbers.items()}
        return {"name": self.name, **known, "better": self.better, "says": self.says}


def nearness(results: MeasuredSet, reference: MeasuredSet, *, seed: int = 0) -> list[Figure]:
    """How near the set comes to the reference, as a whole."""
    first, second = _halves(len(reference), seed)
    found = []
    for name, features in results.features.items():
        real = reference.features[name]
        estimate, floor = fid(features, real, seed=seed), fid(real[first], real[second], seed=seed)
        found += [
            Figure(
                f"fid[{name}]",
                estimate.corrected,
                floor.corrected.estimate,
                "lower",
                f"Fréchet distance, its bias taken off; {estimate.distance:.4g} as others compute it",
            ),
            Figure(
                f"kid[{name}]",
                kid(features, real, seed=seed),
                kernel_distance(real[first], real[second]),
                "lower",
                "kernel distance, unbiased at any number of pictures",
            ),
        ]
    return [*found, *_shares(results, reference, seed), *_texture(results, reference)]


def variety(results: MeasuredSet, reference: MeasuredSet, *, seed: int = 0) -> list[Figure]:
    """How much the set's pictures differ among themselves and from the reference."""
    name = next(iter(results.features))
    ours, theirs = results.features[name].double(), reference.features[name].double()
    equal = min(len(ours), len(theirs))
    diversity = jackknife(
        lambda a, b: mean_pairwise_distance(ours[a]) / mean_pairwise_distance(theirs[b]),
        (len(ours), len(theirs)),
        seed=seed,
    )
    scatter = jackknife(
        lambda a, b: style_scatter(results.styles[a], reference.styles[b]),
        (len(ours), len(theirs)),
        seed=seed,
    )
    new = novelty(ours, theirs)
    copies = bootstrap_interval(new.ratios < near_threshold(reference, name), seed=seed)
    centre = theirs.mean(dim=0)
    return [
        Figure(
            f"diversity[{name}]",
            diversity.corrected,
            1.0,
            "as usual",
            "mean distance of two pictures, over that of two pictures of the reference",
        ),
        Figure(
            f"vendi[{name}]",
            Interval(vendi_score(ours[:equal], centre), NAN, NAN),
            vendi_score(theirs[:equal], centre),
            "as usual",
            f"how many wholly different pictures the first {equal} are worth",
        ),
        Figure(
            "scatter of manner[style layers]",
            scatter.corrected,
            1.0,
            "as usual",
            "how much the manner varies, over how much it varies in the reference; 0 is one manner",
        ),
        Figure(
            f"novelty[{name}]",
            bootstrap_interval(new.ratios, lambda rows: float(np.median(rows)), seed=seed),
            1.0,
            "as usual",
            "distance to the nearest picture of the reference, in its own such distances; 0 is a copy",
        ),
        Figure(
            f"copies[{name}]",
            copies,
            NEAR,
            "lower",
            "share of pictures that lie nearer to one of the reference than its own do but one in twenty",
        ),
    ]


def single(results: MeasuredSet, reference: MeasuredSet, wanted: Palette, *, seed: int = 0) -> list[Figure]:
    """What each picture has by itself; medians over the set and over the reference."""
    colors, usual = color_distances(results, wanted), color_distances(reference, wanted)
    rows = [
        ("edge width (pixels)", "edge width", "height of an edge over its slope; low is sharp"),
        ("Laplacian variance", "Laplacian variance", "high is sharp, noisy or finely patterned"),
        ("lightness (L*)", "lightness", "mean, 0 black to 100 white"),
        ("contrast (L*)", "contrast", "standard deviation of the lightness"),
        ("chroma (C*)", "chroma", "mean distance from grey"),
    ]
    found = [
        Figure(name, _median(results.values[key], seed), _middle(reference.values[key]), "as usual", says)
        for name, key, says in rows
    ]
    accuracy = Figure(
        "colour distance (ΔE₀₀)",
        _median(colors, seed),
        _middle(usual),
        "lower",
        "what recolouring into the target palette would take at least, CIEDE2000",
    )
    return [accuracy, *found]


def color_distances(pictures: MeasuredSet, wanted: Palette) -> NDArray[np.float64]:
    """The colour distance of each picture to a palette, ``(N,)``."""
    return np.array([palette_distance(found, wanted) for found in pictures.palettes])


def near_threshold(reference: MeasuredSet, name: str) -> float:
    """The novelty ratio of one in twenty of the reference's own pictures, against its others."""
    apart = radii(reference.features[name], 1).numpy()
    return float(np.quantile(apart, NEAR) / np.median(apart))


def new_pictures(results: MeasuredSet, reference: MeasuredSet) -> Novelty:
    """The novelty of each picture by the first extractor."""
    name = next(iter(results.features))
    return novelty(results.features[name], reference.features[name])


def _shares(results: MeasuredSet, reference: MeasuredSet, seed: int) -> list[Figure]:
    name = next(iter(results.features))
    ours, theirs = results.features[name], reference.features[name]
    if min(len(ours), len(theirs) // 2) <= NEIGHBOURS:
        return []
    first, second = _halves(len(reference), seed)
    found = precision_recall(ours, theirs, seed=seed)
    usual = precision_recall(theirs[first], theirs[second], seed=seed, resamples=1)
    says = {
        "precision": "share that looks as if it belonged to the reference",
        "recall": "share of the reference that the set could have shown",
        "density": "as precision, and outliers of the reference spoil little",
        "coverage": "share of the reference that has a picture of the set near",
    }
    return [
        Figure(f"{key}[{name}]", getattr(found, key), getattr(usual, key).estimate, "higher", text)
        for key, text in says.items()
    ]


def _texture(results: MeasuredSet, reference: MeasuredSet) -> list[Figure]:
    found = sliced_wasserstein_sets(results.patches, reference.patches)
    halves = sliced_wasserstein_sets(*reference.patches.halves())
    # What chance alone makes falls with the root of the number of pictures, and halves have fewer.
    chance = ((1 / len(results) + 1 / len(reference)) / (4 / len(reference))) ** 0.5
    side = results.patches.side
    text = "sliced Wasserstein distance of 7 × 7 patches, all octaves"
    rows = [("texture", found.mean, halves.mean, text)]
    for level, (value, other) in enumerate(zip(found.levels, halves.levels, strict=True)):
        rows.append((f"texture at {side // 2**level} pixels", value, other, "the same, this octave alone"))
    return [
        Figure(name, Interval(value, NAN, NAN), other * chance, "lower", says)
        for name, value, other, says in rows
    ]


def _halves(count: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    order = np.random.default_rng(seed).permutation(count)
    return order[: count // 2], order[count // 2 :]


def _median(values: NDArray[np.float64], seed: int) -> Interval:
    known = values[np.isfinite(values)]
    if not known.size:
        return Interval(NAN, NAN, NAN)
    return bootstrap_interval(known, lambda rows: float(np.median(rows)), seed=seed, resamples=1000)


def _middle(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else NAN
