"""The chapters of the report: which sheets, drawings and tables stand where, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bottega.evaluate.metrics.precision_recall import Novelty, radii
from bottega.evaluate.palettes import Palette
from bottega.evaluate.report.charts import histograms, map_of_sets
from bottega.evaluate.report.html import Section, sheet_figure, swatches
from bottega.evaluate.report.measure_set import MeasuredSet
from bottega.evaluate.report.metric_rows import Figure, color_distances
from bottega.evaluate.report.sheets import PAIRS, drawn, nearest_pairs, unpicked

NEARNESS, VARIETY, SINGLE = "Nearness to the reference", "Variety and novelty", "Single pictures"
PAIRED, PROXIES = "Pairs of one name", "Proxies for what people judge"
FEW = 2000  # pictures below which a Fréchet distance says little by itself


@dataclass(frozen=True)
class Material:
    """What chapters are made of."""

    ours: MeasuredSet
    theirs: MeasuredSet
    wanted: Palette
    new: Novelty
    tables: dict[str, list[Figure]]
    seed: int

    @property
    def name(self) -> str:
        """The first extractor."""
        return next(iter(self.ours.features))


def chapters(material: Material) -> list[Section]:
    """All of them, in order."""
    found = [_sheets(material), _nearness(material), _variety(material), _single(material)]
    if PAIRED in material.tables:
        found.append(_pairs(material))
    return [*found, _proxies(material)]


def warnings(ours: MeasuredSet, theirs: MeasuredSet) -> list[str]:
    """What the reader must know before any figure."""
    fewest = min(len(ours), len(theirs))
    found = []
    if fewest < FEW:
        found.append(
            f"With {fewest} pictures a Fréchet distance as others compute it is too high, by an amount that "
            "depends on the number of pictures. The one in the table has that bias taken off to first order; "
            "the kernel distance has none at all and is the one to trust here. Figures of other extractors, "
            "or of other sets, are not comparable."
        )
    for pictures, what in ((ours, "results"), (theirs, "reference")):
        if pictures.broken:
            names = ", ".join(file.name for file, _ in pictures.broken[:5])
            found.append(f"{len(pictures.broken)} files of the {what} could not be read: {names}.")
    return found


def _sheets(material: Material) -> Section:
    body = sheet_figure(unpicked(material.ours, material.seed), "Results")
    body += sheet_figure(unpicked(material.theirs, material.seed), "Reference")
    return Section("Unpicked", ("Drawn by chance; nobody chose.",), body=body)


def _nearness(material: Material) -> Section:
    maps = "".join(
        map_of_sets(features, material.theirs.features[name], f"map of both sets by {name}")
        for name, features in material.ours.features.items()
    )
    caption = (
        f"Each dot is a picture: the features of {', '.join(material.ours.features)} along the two "
        "directions in which those of the reference vary most."
    )
    return Section(
        NEARNESS,
        (
            "In the column of the reference stands what two halves of it have between them: with so many "
            "pictures there is hardly better. Halves have half as many, so a Fréchet distance is still a "
            "little "
            "too high there.",
        ),
        material.tables[NEARNESS],
        f'<figure><div class="charts">{maps}</div><figcaption>{caption}</figcaption></figure>',
    )


def _variety(material: Material) -> Section:
    ours, theirs, new = material.ours, material.theirs, material.new
    apart = radii(theirs.features[material.name], 1).numpy()
    nearest = np.argsort(new.ratios)[:PAIRS].tolist()
    sheets = [
        (
            nearest,
            "The results that lie nearest to a picture of the reference, which is below each; copies show.",
        ),
        (
            drawn(len(ours), PAIRS, material.seed),
            "Results drawn by chance, and the nearest of the reference.",
        ),
    ]
    body = "".join(
        sheet_figure(nearest_pairs(ours, theirs, new.nearest.tolist(), numbers), caption)
        for numbers, caption in sheets
    )
    chart = histograms("distance to the nearest of the reference", new.ratios, apart / np.median(apart))
    return Section(VARIETY, (), material.tables[VARIETY], f'{body}<div class="charts">{chart}</div>')


def _single(material: Material) -> Section:
    ours, theirs, wanted = material.ours, material.theirs, material.wanted
    colors = [color_distances(each, wanted) for each in (ours, theirs)]
    charts = [histograms("colour distance (ΔE₀₀)", *colors)]
    charts += [
        histograms(key, ours.values[key], theirs.values[key])
        for key in ("edge width", "Laplacian variance", "lightness", "contrast", "chroma")
    ]
    bands = [
        swatches(ours.palette, "Palette of the results"),
        swatches(theirs.palette, "Palette of the reference"),
    ]
    if wanted is not theirs.palette:
        bands.append(swatches(wanted, "Target palette"))
    return Section(
        SINGLE,
        ("Medians over the pictures of each set.",),
        material.tables[SINGLE],
        f'<div class="charts">{"".join(charts)}</div>{"".join(bands)}',
    )


def _pairs(material: Material) -> Section:
    text = (
        "Results that have the name of a picture of the reference are compared with it, pixel by pixel; "
        "means "
        "over the pairs."
    )
    return Section(PAIRED, (text,), material.tables[PAIRED])


def _proxies(material: Material) -> Section:
    text = (
        "Out of ten. Works of art are judged by people; these are only what a program can measure of the "
        "five "
        "things that the founding study of this project had people rate, on its scale. They are no "
        "substitute: "
        "bottega evaluate --form makes a page on which people rate."
    )
    return Section(PROXIES, (text,), material.tables[PROXIES])
