"""The rows of all sessions as a Markdown table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.choices.session import GRIDS, Row
from bottega.evaluation import bootstrap_interval
from bottega.files import write_file

WITHIN = 0.95


def markdown(rows: Sequence[Row], header: Mapping[str, Any]) -> str:
    """One line per kind of artist, noise and learner after all grids; then how it comes about."""
    about = header["machine"]
    lines = [
        f"`{header['command']}`",
        "",
        f"{header['pool']}; {about['cpu']}, bottega {header['bottega']}. "
        "Means over artists with 95 % bootstrap intervals.",
        "",
        f"After {GRIDS} grids of nine, one pick each:",
        "",
        "| artist | noise | learner | held-out pairs in true order | held-out choices predicted | "
        "utility of proposed, percentile | above the 95th | utility of the last sheet, percentile |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (kind, noise, learner), group in _groups(rows, GRIDS).items():
        lines.append(
            f"| {kind} | {noise:g} | {learner} | {_cell(group, 'pairs')} | {_cell(group, 'choices')} | "
            f"{_cell(group, 'proposed')} | {sum(row.proposed > WITHIN for row in group)} of {len(group)} | "
            f"{_cell(group, 'presented')} |"
        )
    stops = sorted({row.grids for row in rows})
    lines += ["", "Held-out pairs in true order, by the number of grids:", ""]
    lines += [f"| artist | noise | learner | {' | '.join(map(str, stops))} |"]
    lines += ["| --- | --- | --- |" + " --- |" * len(stops)]
    for kind, noise, learner in _groups(rows, GRIDS):
        cells = [
            f"{np.mean([row.pairs for row in _groups(rows, stop)[kind, noise, learner]]):.3f}"
            for stop in stops
        ]
        lines.append(f"| {kind} | {noise:g} | {learner} | {' | '.join(cells)} |")
    updates = [row.update for row in rows if row.grids == GRIDS and np.isfinite(row.update)]
    if updates:
        lines += [
            "",
            f"{_seconds(updates)} of processor time for an update after {GRIDS} grids (one thread).",
        ]
    return "\n".join(lines) + "\n"


def _seconds(updates: Sequence[float]) -> str:
    return f"{1000 * np.median(updates):.0f} ms (median; at most {1000 * max(updates):.0f} ms)"


def _groups(rows: Sequence[Row], grids: int) -> dict[tuple[str, float, str], list[Row]]:
    group: dict[tuple[str, float, str], list[Row]] = {}
    for row in rows:
        if row.grids == grids:
            group.setdefault((row.kind, row.noise, row.learner), []).append(row)
    return dict(sorted(group.items(), key=lambda pair: (pair[0][1], pair[0][0], pair[0][2])))


def _cell(rows: Sequence[Row], measure: str) -> str:
    interval = bootstrap_interval([getattr(row, measure) for row in rows])
    return f"{interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def write(rows: Sequence[Row], header: Mapping[str, Any], folder: Path) -> Path:
    """Write ``choices.md`` and ``choices.json``; returns the Markdown's path."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {**header, "columns": [field.name for field in fields(Row)], "rows": [_plain(row) for row in rows]}
    texts = {".json": json.dumps(data, separators=(",", ":")) + "\n", ".md": markdown(rows, header)}
    for suffix, text in texts.items():
        write_file(folder / f"choices{suffix}", text)
    return folder / "choices.md"


def _plain(row: Row) -> list[Any]:
    return [
        None if isinstance(value, float) and not np.isfinite(value) else value
        for value in asdict(row).values()
    ]
