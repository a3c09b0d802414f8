"""The figures as a Markdown table and as JSON."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bottega.evaluation import Interval
from bottega.files import write_file

Figures = dict[str, list[Interval]]
"""One interval per network: one for a trained candidate, one per seed for an untrained one."""


def cell(intervals: Sequence[Interval]) -> str:
    """``0.912 [0.880, 0.941]`` for one network; for several the mean and range, ``0.81 (0.80–0.82)``."""
    if not intervals:
        return "–"
    if len(intervals) == 1:
        return str(intervals[0])
    values = [interval.estimate for interval in intervals]
    return f"{statistics.fmean(values):.3f} ({min(values):.3f}–{max(values):.3f})"


def markdown(results: Mapping[str, Figures], header: Mapping[str, Any]) -> str:
    """Measures as rows, candidates as columns."""
    measures = sorted({measure for figures in results.values() for measure in figures})
    lines = [f"`{header['command']}`", ""]
    about, anchors = header["machine"], header["anchors"]
    lines += [
        f"{about['cpu']}, {about['workers']} processes, torch {about['torch']}; {header['minutes']} minutes."
    ]
    lines += [
        f"Texture distances to compare with: the noise at the start {anchors['noise']:.3f}, "
        f"one half of a painting from its other half {anchors['halves']:.3f}.",
        "",
    ]
    lines.append("| measure | " + " | ".join(results) + " |")
    lines.append("| --- |" + " --- |" * len(results))
    for measure in measures:
        cells = [cell(figures.get(measure, [])) for figures in results.values()]
        lines.append(f"| {measure} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def as_json(results: Mapping[str, Figures], header: Mapping[str, Any]) -> str:
    plain = {
        name: {
            measure: [dataclasses.asdict(one) for one in intervals] for measure, intervals in figures.items()
        }
        for name, figures in results.items()
    }
    return json.dumps({**header, "results": plain}, indent=2, ensure_ascii=False) + "\n"


def write(results: Mapping[str, Figures], header: Mapping[str, Any], folder: Path, name: str) -> Path:
    """Write ``name.md`` and ``name.json``; each appears whole or not at all. Returns the Markdown's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, text in ((".json", as_json(results, header)), (".md", markdown(results, header))):
        write_file(folder / f"{name}{suffix}", text)
    return folder / f"{name}.md"
