"""Compare a set of pictures with a reference: measure both, then write the page and its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bottega import encoders
from bottega.evaluation.extractors import extractor
from bottega.evaluation.metrics.precision_recall import Novelty, neighbor_distances
from bottega.evaluation.report.html import (
    Section,
    contact_sheet,
    histogram_chart,
    page_html,
    pairs_sheet,
    palette_band,
    scatter_chart,
)
from bottega.evaluation.report.measure_set import (
    MeasuredSet,
    MeasurementConfig,
    Progress,
    common_side,
    list_pictures,
    measure_set,
)
from bottega.evaluation.report.metric_rows import (
    MetricRow,
    color_distances,
    copy_threshold,
    diversity_rows,
    fidelity_rows,
    paired_rows,
    pairs_by_name,
    picture_rows,
    set_novelty,
)
from bottega.evaluation.report.proxies import proxy_rows
from bottega.evaluation.report.verdict import count_shared, verdict
from bottega.layers.palette import Palette, parse_palette
from bottega.version import __version__

ENCODER = "small"
FIDELITY, DIVERSITY, PICTURES = "Distance to the reference", "Diversity and novelty", "Single pictures"
PAIRED, PROXIES = "Pairs with the same file name", "Proxies for human ratings"
MIN_FID_PICTURES = 2000  # below it the bias of a Fréchet distance must be mentioned
SHEET_PICTURES, SHEET_PAIRS = 24, 8

Source = Path | str | Sequence[Path]


@dataclass(frozen=True)
class EvaluationReport:
    """The report.

    Attributes:
        html: a self-contained page.
        tables: the rows, by the title of their table.
        verdict: what they say in plain sentences, with their limits.
        values: everything, as plain values for JSON.
    """

    html: str
    tables: dict[str, list[MetricRow]]
    verdict: str
    values: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class _Measurements:
    """What the sections of the page are made from."""

    title: str
    results: MeasuredSet
    reference: MeasuredSet
    target: Palette
    novelty: Novelty
    tables: dict[str, list[MetricRow]]
    seed: int


def build_report(
    results: Source,
    reference: Source,
    *,
    extractors: Sequence[str] = ("small", "random"),
    colors: Sequence[str] = (),
    size: int = 0,
    seed: int = 0,
    title: str = "",
    extra_sections: Sequence[Section] = (),
    on_progress: Progress | None = None,
) -> EvaluationReport:
    """Compare a set of pictures with a reference; one picture is in memory at a time.

    Args:
        results: folders (with their subfolders), or files; eight pictures or more each.
        reference: likewise.
        extractors: names for :func:`~bottega.evaluation.extractor`; shares, novelty and diversity use the
            first.
        colors: the target palette, such as ``#203040:0.5``; empty takes that of the reference.
        size: sharpness and texture are compared in squares of that many pixels; 0 takes the size of the
            smaller pictures, at most 256.
        seed: of sheets and intervals.
        title: of the page; empty takes the folders' names.
        extra_sections: shown before the proxies.
        on_progress: called with the number of measured pictures, and the number of all.

    Raises:
        PictureError: a folder is missing or empty, or too few of its pictures can be read.
        SettingsError: an extractor or a color is invalid.
        WeightsError: an extractor's weights are missing.

    Example:
        >>> report = build_report("results", "real")
        >>> Path("report.html").write_text(report.html)
    """
    target = parse_palette(colors, max_colors=None) if colors else None
    tools = tuple(extractor(name) for name in extractors)
    files, reference_files = _files(results), _files(reference)
    side = size or common_side(files, reference_files)
    config = MeasurementConfig(tools, encoders.load_encoder(ENCODER), side)
    total = len(files) + len(reference_files)

    def progress_from(offset: int) -> Progress:
        return lambda done, _: on_progress(offset + done, total) if on_progress else None

    measured = measure_set(files, config, progress_from(0))
    real = measure_set(reference_files, config, progress_from(len(files))).without_duplicates()
    target = target or real.palette
    tables = {
        FIDELITY: fidelity_rows(measured, real, seed=seed),
        DIVERSITY: diversity_rows(measured, real, seed=seed),
        PICTURES: picture_rows(measured, real, target, seed=seed),
        PROXIES: proxy_rows(measured, real, seed=seed),
    }
    pairs = pairs_by_name(files, reference_files)
    if pairs:
        tables[PAIRED] = paired_rows(pairs, config.encoder, tools[0], seed=seed)
    title = title or f"{_name(results)} against {_name(reference)}"
    data = _Measurements(title, measured, real, target, set_novelty(measured, real), tables, seed)
    text = verdict(measured, real, tables)
    html = page_html(
        title,
        text,
        f"{len(measured):,} results, {len(real):,} pictures of the reference. Sharpness and texture are "
        f"compared in squares of {side} pixels; shares, novelty and diversity by the features of "
        f"{real.extractor_name}.",
        _warnings(data),
        _sections(data, extra_sections),
        f"Bottega {__version__}; extractors {', '.join(real.features)}; seed {seed}. Intervals cover 95 %: "
        "bootstrap over pictures, or the grouped jackknife where a metric is not a mean.",
    )
    return EvaluationReport(html, tables, text, {"verdict": text, **_values(data, side)})


def _files(source: Source) -> list[Path]:
    return list_pictures(source) if isinstance(source, Path | str) else list(source)


def _name(source: Source) -> str:
    return Path(source).resolve().name if isinstance(source, Path | str) else f"{len(source)} pictures"


def _values(data: _Measurements, side: int) -> dict[str, Any]:
    results, reference, novelty = data.results, data.reference, data.novelty
    threshold = copy_threshold(reference)
    distances = color_distances(results, data.target)
    pictures = [
        {
            "file": str(file),
            "nearest": str(reference.files[novelty.nearest[index]]),
            "novelty": float(novelty.ratios[index]),
            "copy": bool(novelty.ratios[index] < threshold),
            "color distance": float(distances[index]),
            **{
                name: float(column[index]) if np.isfinite(column[index]) else None
                for name, column in results.values.items()
            },
        }
        for index, file in enumerate(results.files)
    ]
    return {
        "title": data.title,
        "version": __version__,
        "results": len(results),
        "reference": len(reference),
        "side": side,
        "seed": data.seed,
        "palette": {color.hex: color.share for color in data.target},
        "tables": {name: [row.to_dict() for row in rows] for name, rows in data.tables.items()},
        "pictures": pictures,
        "unreadable": {str(file): why for each in (results, reference) for file, why in each.unreadable},
    }


def _warnings(data: _Measurements) -> list[str]:
    """What the reader must know before any value."""
    count = min(len(data.results), len(data.reference))
    warnings = []
    if count < MIN_FID_PICTURES:
        warnings.append(
            f"With {count} pictures a Fréchet distance as others compute it is too high, by an amount that "
            "depends on the number of pictures. The one in the table has its first-order bias removed; the "
            "kernel distance is unbiased and the one to trust here. Values of other extractors, or of other "
            "sets, are not comparable."
        )
    shared = count_shared(data.results, data.reference)
    if shared:
        warnings.append(
            f"{shared} of {len(data.results)} results are pictures of the reference: copies, or the same "
            "folder. They make every distance smaller; evaluate with pictures that are not in the results."
        )
    if data.reference.duplicates:
        warnings.append(f"{data.reference.duplicates} pictures of the reference stand twice and count once.")
    for pictures, label in ((data.results, "results"), (data.reference, "reference")):
        if pictures.unreadable:
            names = ", ".join(file.name for file, _ in pictures.unreadable[:5])
            warnings.append(f"{len(pictures.unreadable)} files of the {label} could not be read: {names}.")
    return warnings


def _sections(data: _Measurements, extra: Sequence[Section]) -> list[Section]:
    proxies = Section(
        PROXIES,
        (
            "Out of ten. Works of art are judged by people; these are only what a program can measure of two "
            "of the five qualities that people rated in the founding study of this project, on its scale. "
            "What was tried for color accuracy, innovativeness and technical realization could not tell "
            "pictures from blots. bottega evaluate --form makes a page on which people rate all five.",
        ),
        data.tables[PROXIES],
    )
    sections = [
        _sample_section(data),
        _fidelity_section(data),
        _diversity_section(data),
        _picture_section(data),
    ]
    if PAIRED in data.tables:
        text = (
            "Results with the file name of a reference picture are compared with it, pixel by pixel; means "
            "over the pairs."
        )
        sections.append(Section(PAIRED, (text,), data.tables[PAIRED]))
    return [*sections, *extra, proxies]


def _sample_section(data: _Measurements) -> Section:
    sheets = []
    for pictures, caption in ((data.results, "Results"), (data.reference, "Reference")):
        indices = _sample_indices(len(pictures), SHEET_PICTURES, data.seed)
        sheets.append(contact_sheet([pictures.files[index] for index in indices], caption))
    return Section("Random sample", ("Chosen at random, not by hand.",), body="".join(sheets))


def _fidelity_section(data: _Measurements) -> Section:
    charts = "".join(
        scatter_chart(features, data.reference.features[name], f"scatter plot of both sets by {name}")
        for name, features in data.results.features.items()
    )
    caption = (
        f"Each dot is a picture: the features of {', '.join(data.results.features)} along the first two "
        "principal components of the reference."
    )
    return Section(
        FIDELITY,
        (
            "The reference column is the distance between two halves of the reference: with so many pictures "
            "hardly anything is lower. Halves have half as many pictures, so their Fréchet distance is still "
            "slightly too high.",
        ),
        data.tables[FIDELITY],
        f'<figure><div class="charts">{charts}</div><figcaption>{caption}</figcaption></figure>',
    )


def _diversity_section(data: _Measurements) -> Section:
    results, reference, novelty = data.results, data.reference, data.novelty
    sheets = "".join(
        pairs_sheet(
            [results.files[index] for index in indices],
            [reference.files[novelty.nearest[index]] for index in indices],
            caption,
        )
        for indices, caption in (
            (
                np.argsort(novelty.ratios)[:SHEET_PAIRS].tolist(),
                "The results nearest to a picture of the reference, which is below each; copies show here.",
            ),
            (
                _sample_indices(len(results), SHEET_PAIRS, data.seed),
                "Random results, and the nearest picture of the reference below each.",
            ),
        )
    )
    distances = neighbor_distances(reference.features[reference.extractor_name], 1).numpy()
    chart = histogram_chart(
        "distance to the nearest of the reference", novelty.ratios, distances / np.median(distances)
    )
    return Section(DIVERSITY, (), data.tables[DIVERSITY], f'{sheets}<div class="charts">{chart}</div>')


def _picture_section(data: _Measurements) -> Section:
    results, reference = data.results, data.reference
    distances = [color_distances(each, data.target) for each in (results, reference)]
    charts = [histogram_chart("color distance (ΔE₀₀)", *distances)]
    charts += [
        histogram_chart(key, results.values[key], reference.values[key])
        for key in ("edge width", "Laplacian variance", "lightness", "contrast", "chroma")
    ]
    bands = [
        palette_band(results.palette, "Palette of the results"),
        palette_band(reference.palette, "Palette of the reference"),
    ]
    if data.target is not reference.palette:
        bands.append(palette_band(data.target, "Target palette"))
    return Section(
        PICTURES,
        ("Medians over the pictures of each set.",),
        data.tables[PICTURES],
        f'<div class="charts">{"".join(charts)}</div>{"".join(bands)}',
    )


def _sample_indices(count: int, limit: int, seed: int) -> list[int]:
    """At most ``limit`` random indices, in ascending order."""
    return sorted(np.random.default_rng(seed).permutation(count)[:limit].tolist())
