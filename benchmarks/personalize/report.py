"""Tables of the benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.personalize.contestants import CONTESTANTS
from benchmarks.personalize.ledger import rows_of
from benchmarks.personalize.plots import draw_curves
from benchmarks.personalize.sliders import rank_correlation, sliders
from benchmarks.personalize.ways import WAYS
from bottega.evaluate import bootstrap_interval
from bottega.personalize import ATTRIBUTES

MATCH_TEXT = """# Personalisation match

Of each picture every attribute of another, held-out one is asked. 1 is as asked, 0 as far apart as only one
random pair in twenty is. Mean over attributes, then over pairs; 95 % intervals over pairs. Content: agreement
of edge orientations with the picture moved by the same warp; in place: with the picture itself.
"""

CURVES_TEXT = """# Slider curves

One number is asked at five values, nothing else; of palette and style, which are no single numbers, five
mixtures of two, and what is read is a share of the way from one to the other. Asked and got are means over
pictures; the rank correlation (Spearman) is taken in each picture. Every curve is drawn in `sliders.png`.
"""


def report(results: Path) -> str:
    """Write ``personalize.md`` and return it."""
    lines = [MATCH_TEXT, *_matches("Held-out paintings and photographs", rows_of(results / "match.jsonl"))]
    for path in sorted(results.glob("match-*.jsonl")):
        lines += _matches(f"Drafts of the generator {path.stem.removeprefix('match-')}", rows_of(path))
    curves = rows_of(results / "sliders.jsonl")
    if curves:
        draw_curves(curves, results / "sliders.png")
    text = "\n".join([*lines, *_curves(curves)])
    (results / "personalize.md").write_text(text, encoding="utf-8")
    return text


def _matches(title: str, rows: list[dict[str, Any]]) -> list[str]:
    by_name = {name: [row for row in rows if row["contestant"] == name] for name in CONTESTANTS}
    there = {name: found for name, found in by_name.items() if found}
    if not there:
        return []
    lines = [
        f"## {title}",
        "",
        "| | pairs | match | content | in place |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, found in there.items():
        cells = [_interval([row[measure] for row in found]) for measure in ("match", "content", "in_place")]
        lines.append(f"| {name} | {len(found)} | {' | '.join(cells)} |")
    lines += ["", "| attribute | " + " | ".join(there) + " |", "| --- |" + " ---: |" * len(there)]
    for attribute in ATTRIBUTES:
        means = [sum(row[attribute] for row in found) / len(found) for found in there.values()]
        lines.append(f"| {attribute} | " + " | ".join(f"{value:.2f}" for value in means) + " |")
    return [*lines, ""]


def _curves(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        CURVES_TEXT,
        "| slider | pictures | rank correlation | least | asked | got |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    for name in (*(name for _, _, name in sliders()), *WAYS):
        found = [row for row in rows if row["slider"] == name]
        if found:
            asked, got = (_means([row[key] for row in found]) for key in ("asked", "got"))
            least = min(rank_correlation([row]) for row in found)
            lines.append(
                f"| {name} | {len(found)} | {rank_correlation(found):.2f} | {least:.2f} | {asked} | {got} |"
            )
    return [*lines, ""] if rows else []


def _means(curves: list[list[float]]) -> str:
    return " ".join(f"{sum(values) / len(values):.2f}" for values in zip(*curves, strict=True))


def _interval(values: list[float]) -> str:
    found = bootstrap_interval(values)
    return f"{found.estimate:.3f} [{found.low:.3f}, {found.high:.3f}]"
