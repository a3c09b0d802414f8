"""Results against a reference: everything measured, as a page and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bottega import encoders
from bottega.evaluate.extractors import extractor
from bottega.evaluate.palettes import palette
from bottega.evaluate.report.chapters import (
    NEARNESS,
    PAIRED,
    PROXIES,
    SINGLE,
    VARIETY,
    Material,
    chapters,
    warnings,
)
from bottega.evaluate.report.hexes import hexes
from bottega.evaluate.report.html import Section, page
from bottega.evaluate.report.measure_set import (
    Instruments,
    Progress,
    check_extractors,
    common_side,
    measure_set,
    pictures_in,
)
from bottega.evaluate.report.metric_rows import (
    Figure,
    color_distances,
    near_threshold,
    nearness,
    new_pictures,
    single,
    variety,
)
from bottega.evaluate.report.pairs import likeness, pairs_by_name
from bottega.evaluate.report.proxies import proxies
from bottega.version import __version__

ENCODER = "small"

Source = Path | str | Sequence[Path]


@dataclass(frozen=True)
class Comparison:
    """What came out.

    Attributes:
        html: a page that needs nothing beside it.
        tables: the figures, by the title of their table.
        values: everything, as plain values for JSON.
    """

    html: str
    tables: dict[str, list[Figure]]
    values: dict[str, Any] = field(repr=False)


def report(
    results: Source,
    against: Source,
    *,
    extractors: Sequence[str] = ("small", "random"),
    colors: Sequence[str] = (),
    size: int = 0,
    seed: int = 0,
    title: str = "",
    extra: Sequence[Section] = (),
    on_progress: Progress | None = None,
) -> Comparison:
    """Measure a set of pictures against a reference; one picture is in memory at a time.

    Args:
        results, against: folders (with the folders in them), or files; eight pictures or more each.
        extractors: names for :func:`~bottega.evaluate.extractor`; shares, novelty and diversity use the
            first.
        colors: the target palette, such as ``#203040:0.5``; none takes that of the reference.
        size: squares of so many pixels are compared in sharpness and texture; 0 takes what the smaller
            pictures have, at most 256.
        seed: of sheets and intervals.
        title: of the page; empty makes one of the folders' names.
        extra: sections that the page carries besides, before the proxies.
        on_progress: called with the pictures that are measured, and how many there are.

    Raises:
        PictureError: a folder is missing or empty, or too few of its pictures can be read.
        SettingsError: an extractor or a colour is not usable.
        WeightsError: an extractor's weights are not here.
    """
    asked = palette(colors) if colors else None
    tools = tuple(extractor(name) for name in extractors)
    check_extractors(tools)
    files = _files(results), _files(against)
    instruments = Instruments(tools, encoders.load(ENCODER), size or common_side(*files))
    every = sum(len(each) for each in files)

    def progress(before: int) -> Progress:
        return lambda done, _: on_progress(before + done, every) if on_progress else None

    ours = measure_set(files[0], instruments, progress(0))
    theirs = measure_set(files[1], instruments, progress(len(files[0])))
    wanted = asked or theirs.palette
    tables = {
        NEARNESS: nearness(ours, theirs, seed=seed),
        VARIETY: variety(ours, theirs, seed=seed),
        SINGLE: single(ours, theirs, wanted, seed=seed),
        PROXIES: proxies(ours, theirs, wanted, seed=seed),
    }
    pairs = pairs_by_name(*files)
    if pairs:
        tables[PAIRED] = likeness(pairs, instruments.encoder, tools[0], seed=seed)
    material = Material(ours, theirs, wanted, new_pictures(ours, theirs), tables, seed)
    heading = title or f"{_name(results)} against {_name(against)}"
    html = _page(heading, material, instruments, extra)
    return Comparison(html, tables, _values(heading, material, instruments.side))


def _files(source: Source) -> list[Path]:
    return pictures_in(source) if isinstance(source, Path | str) else list(source)


def _name(source: Source) -> str:
    return Path(source).resolve().name if isinstance(source, Path | str) else f"{len(source)} pictures"


def _page(heading: str, material: Material, instruments: Instruments, extra: Sequence[Section]) -> str:
    lead = (
        f"{len(material.ours):,} results, {len(material.theirs):,} pictures of the reference. Sharpness and "
        f"texture are compared in squares of {instruments.side} pixels; shares, novelty and diversity by the "
        f"features of {material.name}."
    )
    names = ", ".join(each.name for each in instruments.extractors)
    end = (
        f"Bottega {__version__}; extractors {names}; seed {material.seed}. Intervals cover 95 %: "
        "bootstrap over "
        "pictures, or the grouped jackknife where a figure is no mean."
    )
    *sections, last = chapters(material)
    cautions = warnings(material.ours, material.theirs)
    return page(heading, [lead], cautions, [*sections, *extra, last], end)


def _values(heading: str, material: Material, side: int) -> dict[str, Any]:
    ours, theirs, new = material.ours, material.theirs, material.new
    near = near_threshold(theirs, material.name)
    apart = color_distances(ours, material.wanted)
    rows = [
        {
            "file": str(file),
            "nearest": str(theirs.files[new.nearest[number]]),
            "novelty": float(new.ratios[number]),
            "copy": bool(new.ratios[number] < near),
            "colour distance": float(apart[number]),
            **{key: _plain(values[number]) for key, values in ours.values.items()},
        }
        for number, file in enumerate(ours.files)
    ]
    target = material.wanted
    return {
        "title": heading,
        "version": __version__,
        "results": len(ours),
        "reference": len(theirs),
        "side": side,
        "seed": material.seed,
        "palette": dict(zip(hexes(target.lab), target.shares.tolist(), strict=True)),
        "tables": {name: [figure.plain() for figure in figures] for name, figures in material.tables.items()},
        "pictures": rows,
        "unreadable": {str(file): reason for each in (ours, theirs) for file, reason in each.broken},
    }


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
