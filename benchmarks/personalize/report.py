"""Tables of the benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.personalize.methods import METHODS
from benchmarks.personalize.mixtures import MIXTURES
from benchmarks.personalize.plots import draw_curves
from benchmarks.personalize.result_rows import read_rows
from benchmarks.personalize.sliders import rank_correlation, sliders
from bottega.evaluation import bootstrap_interval
from bottega.personalize import ATTRIBUTES

MATCH_TEXT = """# Personalization match

Each picture is adjusted to every attribute of another, held-out one. 1 is exact, 0 as far away as only one
random pair in twenty is. Mean over attributes, then over pairs; 95 % intervals over pairs. Content: agreement
of edge orientations with the picture moved by the same warp; in place: with the picture itself.
"""

CURVES_TEXT = """# Slider curves

One number is requested at five values, nothing else; of palette and style, which are not single numbers, five
mixtures of two, and the share of the way from one to the other is measured. Columns are means over pictures;
the rank correlation (Spearman) is that within each picture. All curves are in `sliders.png`.
"""


def report(results: Path) -> str:
    """Write ``personalize.md`` and return it."""
    lines = [MATCH_TEXT, *_matches("Held-out paintings and photographs", read_rows(results / "match.jsonl"))]
    for path in sorted(results.glob("match-*.jsonl")):
        lines += _matches(f"Drafts of the generator {path.stem.removeprefix('match-')}", read_rows(path))
    curves = read_rows(results / "sliders.jsonl")
    if curves:
        draw_curves(curves, results / "sliders.png")
    text = "\n".join([*lines, *_curves(curves)])
    (results / "personalize.md").write_text(text, encoding="utf-8")
    return text


def _matches(title: str, rows: list[dict[str, Any]]) -> list[str]:
    by_name = {name: [row for row in rows if row["method"] == name] for name in METHODS}
    by_method = {name: group for name, group in by_name.items() if group}
    if not by_method:
        return []
    lines = [
        f"## {title}",
        "",
        "| | pairs | match | content | in place |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, group in by_method.items():
        cells = [_interval([row[measure] for row in group]) for measure in ("match", "content", "in_place")]
        lines.append(f"| {name} | {len(group)} | {' | '.join(cells)} |")
    lines += ["", "| attribute | " + " | ".join(by_method) + " |", "| --- |" + " ---: |" * len(by_method)]
    for attribute in ATTRIBUTES:
        means = [sum(row[attribute] for row in group) / len(group) for group in by_method.values()]
        lines.append(f"| {attribute} | " + " | ".join(f"{value:.2f}" for value in means) + " |")
    return [*lines, ""]


def _curves(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        CURVES_TEXT,
        "| slider | pictures | rank correlation | lowest | requested | measured |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    for name in (*(name for _, _, name in sliders()), *MIXTURES):
        group = [row for row in rows if row["slider"] == name]
        if group:
            requested, measured = (_means([row[key] for row in group]) for key in ("requested", "measured"))
            lowest = min(rank_correlation([row]) for row in group)
            correlation = f"{rank_correlation(group):.2f} | {lowest:.2f}"
            lines.append(f"| {name} | {len(group)} | {correlation} | {requested} | {measured} |")
    return [*lines, ""] if rows else []


def _means(curves: list[list[float]]) -> str:
    return " ".join(f"{sum(values) / len(values):.2f}" for values in zip(*curves, strict=True))


def _interval(values: list[float]) -> str:
    group = bootstrap_interval(values)
    return f"{group.estimate:.3f} [{group.low:.3f}, {group.high:.3f}]"
