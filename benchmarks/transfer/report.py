"""The figures as Markdown tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.transfer.candidates import Candidate
from benchmarks.transfer.curves import Comparison, Curve
from benchmarks.transfer.measures import MEASURES, STYLE_MEASURES
from bottega.evaluation import Interval
from bottega.files import write_file


def markdown(
    curves: Sequence[Curve],
    missing: Sequence[Candidate],
    comparisons: Sequence[Comparison],
    header: Mapping[str, Any],
) -> str:
    """One table of all methods and strengths, and the comparisons as sentences."""
    about = header["machine"]
    lines = [
        f"`{header['command']}`",
        "",
        f"{header['pairs']} pairs of {header['side']}² pixels; {about['cpu']}, torch {about['torch']}, "
        f"bottega {header['bottega']}; means with 95 % intervals over pairs. "
        f"Encoder of the measures: {header['encoder']}.",
        "",
        "| method | strength | " + " | ".join(_titles()) + " | pairs |",
        "| --- | --- |" + " --- |" * (len(MEASURES) + 1),
    ]
    for curve in curves:
        for strength, means in zip(curve.strengths, curve.intervals, strict=True):
            cells = [_cell(means.get(measure)) for measure in MEASURES]
            lines.append(f"| {curve.title} | {strength:g} | {' | '.join(cells)} | {len(curve.pairs)} |")
    for candidate in missing:
        lines.append(f"| {candidate.title} | missing: {candidate.missing} |" + " |" * (len(MEASURES) + 1))
    if comparisons:
        lines += ["", "At equal content, over the whole range that both curves reach:", ""]
        lines += [f"- {comparison.sentence()}" for comparison in comparisons]
    return "\n".join(lines) + "\n"


def as_json(
    curves: Sequence[Curve],
    missing: Sequence[Candidate],
    comparisons: Sequence[Comparison],
    header: Mapping[str, Any],
) -> str:
    """The same figures."""
    values = {
        **header,
        "methods": {
            curve.name: {
                "title": curve.title,
                "pairs": list(curve.pairs),
                "strengths": [
                    {"strength": strength, **{m: asdict(interval) for m, interval in means.items()}}
                    for strength, means in zip(curve.strengths, curve.intervals, strict=True)
                ],
            }
            for curve in curves
        },
        "missing": {candidate.name: candidate.missing for candidate in missing},
        "comparisons": [
            {**asdict(each), "everywhere": each.everywhere, "sentence": each.sentence()}
            for each in comparisons
        ],
    }
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def write(
    curves: Sequence[Curve],
    missing: Sequence[Candidate],
    comparisons: Sequence[Comparison],
    header: Mapping[str, Any],
    folder: Path,
    name: str,
) -> Path:
    """Write ``name.md`` and ``name.json``; each appears whole or not at all. Returns the Markdown's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, form in ((".json", as_json), (".md", markdown)):
        write_file(folder / f"{name}{suffix}", form(curves, missing, comparisons, header))
    return folder / f"{name}.md"


def _titles() -> list[str]:
    return [f"{title} {'↓' if name in STYLE_MEASURES else '↑'}" for name, title in MEASURES.items()]


def _cell(interval: Interval | None) -> str:
    if interval is None:
        return "–"
    return f"{interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
