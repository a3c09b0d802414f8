"""The tables of a report: metrics of a set beside those of its reference, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bottega.encoders import Encoder
from bottega.evaluation.extractors import Extractor
from bottega.evaluation.metrics.bootstrap import Interval, bootstrap_interval, jackknife
from bottega.evaluation.metrics.color import palette_distance
from bottega.evaluation.metrics.diversity import cosine_similarity, mean_pairwise_distance, vendi_score
from bottega.evaluation.metrics.fid import fid
from bottega.evaluation.metrics.kid import kernel_distance, kid
from bottega.evaluation.metrics.patch_swd import sliced_wasserstein_sets
from bottega.evaluation.metrics.perceptual import perceptual_distance, style_variation
from bottega.evaluation.metrics.precision_recall import (
    NEIGHBORS,
    Novelty,
    neighbor_distances,
    novelty,
    precision_recall,
)
from bottega.evaluation.metrics.psnr_ssim import ms_ssim, psnr, ssim
from bottega.evaluation.metrics.sharpness import edge_agreement
from bottega.evaluation.report.measure_set import MeasuredSet
from bottega.layers.palette import Palette
from bottega.pictures import composite_on_white, load, resize

COPY_QUANTILE = 0.05  # a picture nearer to the reference than this quantile of its own distances is a copy
MAX_PSNR_DB = 100.0  # stands for equal pictures, whose PSNR is infinite
NAN = float("nan")


@dataclass(frozen=True)
class MetricRow:
    """One row of a table.

    Attributes:
        name: with its extractor, such as ``fid[small]``.
        value: with its interval; both ends are NaN where no interval is known.
        reference: the same metric between two halves of the reference, or within it; NaN where undefined.
        direction: what is better: "lower", "higher", or "as reference".
        description: what it measures, in a few words.
    """

    name: str
    value: Interval
    reference: float
    direction: str
    description: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON: NaN becomes null."""
        numbers = {
            "value": self.value.estimate,
            "low": self.value.low,
            "high": self.value.high,
            "reference": self.reference,
        }
        return {
            "name": self.name,
            **{key: number if np.isfinite(number) else None for key, number in numbers.items()},
            "direction": self.direction,
            "description": self.description,
        }


METRICS = {
    "fid": ("lower", "Fréchet distance without its bias"),
    "kid": ("lower", "kernel distance, unbiased at any number of pictures"),
    "precision": ("higher", "share of pictures inside the reference's distribution"),
    "recall": ("higher", "share of the reference inside the set's distribution"),
    "density": ("higher", "as precision, less sensitive to outliers of the reference"),
    "coverage": ("higher", "share of the reference with a picture of the set nearby"),
    "texture": ("lower", "sliced Wasserstein distance of 7 × 7 patches, all octaves"),
    "diversity": (
        "as reference",
        "mean distance of two pictures, over that of two pictures of the reference",
    ),
    "vendi": ("as reference", "effective number of different pictures"),
    "style variation": ("as reference", "how much the style varies, over the reference; 0 is one style"),
    "novelty": ("as reference", "distance to the nearest reference picture, over such distances within it"),
    "copies": ("lower", "share of pictures nearer to the reference than 95 % of its own are to each other"),
    "color distance (ΔE₀₀)": ("lower", "least recoloring into the target palette, CIEDE2000"),
    "edge width (pixels)": ("as reference", "height of an edge over its slope; low is sharp"),
    "Laplacian variance": ("as reference", "high is sharp, noisy or finely patterned"),
    "lightness (L*)": ("as reference", "mean, 0 black to 100 white"),
    "contrast (L*)": ("as reference", "standard deviation of the lightness"),
    "chroma (C*)": ("as reference", "mean distance from gray"),
    "SSIM": ("higher", "structural similarity, 1 for equal pictures"),
    "MS-SSIM": ("higher", "the same at several scales"),
    "PSNR (dB)": ("higher", "peak signal-to-noise ratio"),
    "perceptual distance": ("lower", "LPIPS-type distance, 0 for equal pictures"),
    "edge agreement": ("higher", "agreement of edge orientations, -1 to 1"),
    "cosine": ("higher", "cosine similarity of the features"),
}
"""Direction and description of each metric, by its name without the extractor."""


def fidelity_rows(results: MeasuredSet, reference: MeasuredSet, *, seed: int = 0) -> list[MetricRow]:
    """How close the set comes to the reference as a whole."""
    first, second = _halves(len(reference), seed)
    rows = []
    for name, features in results.features.items():
        real = reference.features[name]
        estimate, baseline = fid(features, real, seed=seed), fid(real[first], real[second], seed=seed)
        note = f"; {estimate.raw:.4g} as others compute it"
        if estimate.corrected.estimate < 0:
            note += "; the correction gave less than 0, so no difference shows with so few pictures"
        value = Interval(*(max(0.0, x) for x in vars(estimate.corrected).values()))
        rows.append(_row(f"fid[{name}]", value, max(0.0, baseline.corrected.estimate), note))
        baseline_kid = kernel_distance(real[first], real[second])
        rows.append(_row(f"kid[{name}]", kid(features, real, seed=seed), baseline_kid))
    return [*rows, *_share_rows(results, reference, seed), *_texture_rows(results, reference)]


def diversity_rows(results: MeasuredSet, reference: MeasuredSet, *, seed: int = 0) -> list[MetricRow]:
    """How much the set's pictures differ from each other and from the reference."""
    name = results.extractor_name
    features, real = results.features[name].double(), reference.features[name].double()
    sizes = (len(features), len(real))
    diversity = jackknife(
        lambda a, b: mean_pairwise_distance(features[a]) / mean_pairwise_distance(real[b]), sizes, seed=seed
    )
    variation = jackknife(
        lambda a, b: style_variation(results.styles[a], reference.styles[b]), sizes, seed=seed
    )
    ratios = novelty(features, real).ratios
    center, count = real.mean(dim=0), min(sizes)
    vendi = Interval(vendi_score(features[:count], center), NAN, NAN)
    median = bootstrap_interval(ratios, lambda rows: float(np.median(rows)), seed=seed)
    copies = bootstrap_interval(ratios < copy_threshold(reference), seed=seed)
    return [
        _row(f"diversity[{name}]", diversity.corrected, 1.0),
        _row(f"vendi[{name}]", vendi, vendi_score(real[:count], center), f" among the first {count}"),
        _row("style variation[style layers]", variation.corrected, 1.0),
        _row(f"novelty[{name}]", median, 1.0, "; 0 is a copy"),
        _row(f"copies[{name}]", copies, COPY_QUANTILE),
    ]


def picture_rows(
    results: MeasuredSet, reference: MeasuredSet, target: Palette, *, seed: int = 0
) -> list[MetricRow]:
    """Medians, over each set, of the metrics of single pictures."""
    pairs = {"color distance (ΔE₀₀)": (color_distances(results, target), color_distances(reference, target))}
    for name, key in (
        ("edge width (pixels)", "edge width"),
        ("Laplacian variance", "Laplacian variance"),
        ("lightness (L*)", "lightness"),
        ("contrast (L*)", "contrast"),
        ("chroma (C*)", "chroma"),
    ):
        pairs[name] = results.values[key], reference.values[key]
    return [_row(name, _median_interval(own, seed), _median(real)) for name, (own, real) in pairs.items()]


def paired_rows(
    pairs: Sequence[tuple[Path, Path]], encoder: Encoder, extractor: Extractor, *, seed: int = 0
) -> list[MetricRow]:
    """Means over pairs, with intervals; a result of another size is resized to its reference."""
    values: dict[str, list[float]] = {}
    for result_file, reference_file in pairs:
        target = composite_on_white(load(reference_file))
        picture = resize(composite_on_white(load(result_file)), (target.shape[-2], target.shape[-1]))
        cosine = cosine_similarity(extractor(picture), extractor(target))
        for name, value in (
            ("SSIM", ssim(picture, target)),
            ("MS-SSIM", ms_ssim(picture, target)),
            ("PSNR (dB)", min(psnr(picture, target), MAX_PSNR_DB)),
            (f"perceptual distance[{encoder.name}]", perceptual_distance(encoder, picture, target).item()),
            ("edge agreement", edge_agreement(picture, target)),
            (f"cosine[{extractor.name}]", cosine.item()),
        ):
            values.setdefault(name, []).append(value)
    return [_row(name, bootstrap_interval(column, seed=seed), NAN) for name, column in values.items()]


def pairs_by_name(results: Sequence[Path], reference: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Files with the same name but for the suffix; names that occur twice in a set are left out."""

    def by_stem(files: Sequence[Path]) -> dict[str, Path]:
        stems = [file.stem for file in files]
        return {file.stem: file for file in files if stems.count(file.stem) == 1}

    first, second = by_stem(results), by_stem(reference)
    return [(first[stem], second[stem]) for stem in first if stem in second]


def color_distances(pictures: MeasuredSet, target: Palette) -> NDArray[np.float64]:
    """The distance of each picture's palette to a palette, ``(N,)``."""
    return np.array([palette_distance(palette, target) for palette in pictures.palettes])


def copy_threshold(reference: MeasuredSet) -> float:
    """The novelty ratio below which a picture counts as a copy of a reference picture."""
    distances = neighbor_distances(reference.features[reference.extractor_name], 1).numpy()
    return float(np.quantile(distances, COPY_QUANTILE) / np.median(distances))


def set_novelty(results: MeasuredSet, reference: MeasuredSet) -> Novelty:
    """The novelty of each picture by the first extractor."""
    name = results.extractor_name
    return novelty(results.features[name], reference.features[name])


def _row(name: str, value: Interval, reference: float, note: str = "") -> MetricRow:
    direction, description = METRICS[name.split("[")[0]]
    return MetricRow(name, value, reference, direction, description + note)


def _share_rows(results: MeasuredSet, reference: MeasuredSet, seed: int) -> list[MetricRow]:
    name = results.extractor_name
    features, real = results.features[name], reference.features[name]
    if min(len(features), len(real) // 2) <= NEIGHBORS:
        return []
    first, second = _halves(len(reference), seed)
    shares = precision_recall(features, real, seed=seed)
    baseline = precision_recall(real[first], real[second], seed=seed, resamples=1)
    return [
        _row(f"{key}[{name}]", getattr(shares, key), getattr(baseline, key).estimate)
        for key in ("precision", "recall", "density", "coverage")
    ]


def _texture_rows(results: MeasuredSet, reference: MeasuredSet) -> list[MetricRow]:
    distance = sliced_wasserstein_sets(results.patches, reference.patches)
    halves = sliced_wasserstein_sets(*reference.patches.halves())
    # Sampling error falls with the root of the number of pictures, and halves have fewer.
    scale = ((1 / len(results) + 1 / len(reference)) / (4 / len(reference))) ** 0.5
    rows = [_row("texture", Interval(distance.mean, NAN, NAN), halves.mean * scale)]
    for level, (value, baseline) in enumerate(zip(distance.levels, halves.levels, strict=True)):
        name = f"texture at {results.patches.side // 2**level} pixels"
        text = "the same, this octave alone"
        rows.append(MetricRow(name, Interval(value, NAN, NAN), baseline * scale, "lower", text))
    return rows


def _halves(count: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    order = np.random.default_rng(seed).permutation(count)
    return order[: count // 2], order[count // 2 :]


def _median_interval(values: NDArray[np.float64], seed: int) -> Interval:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Interval(NAN, NAN, NAN)
    return bootstrap_interval(finite, lambda rows: float(np.median(rows)), seed=seed, resamples=1000)


def _median(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else NAN
