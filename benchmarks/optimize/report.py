"""The figures as Markdown tables and as JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.optimize.speedup import Cell, Speedup
from bottega.files import write_file


def spread(values: Sequence[float], digits: int = 1) -> str:
    """The median, and the range of several: ``4.1 (3.9–4.4)``."""
    middle = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def markdown(cells: Sequence[Cell], header: Mapping[str, Any]) -> str:
    about = header["machine"]
    lines = [
        f"`{header['command']}`",
        "",
        f"{about['cpu']}, {about['threads']} threads, torch {about['torch']}, bottega {header['bottega']}; "
        f"ours computes in {header['precision']}, the plain ones in float32. "
        f"Style loss: {header['style_loss']}. {header['minutes']} minutes.",
        "",
        "Time to the plain implementation's final loss "
        f"({header['iterations']} iterations; median and range of {header['repeats']}):",
        "",
        "| encoder | size | against | its final loss | its seconds | ours, seconds | times as fast |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for cell in cells:
        lines += [_speedup_row(cell, each) for each in cell.speedups]
    lines += ["", "Ours with its default number of iterations ends at:", ""]
    lines += ["| encoder | size | loss | seconds |", "| --- | --- | --- | --- |"]
    for cell in cells:
        end = cell.default_result()
        lines.append(f"| {cell.encoder} | {cell.size}² | {end.loss:.4f} | {end.seconds:.1f} |")
    lines += [
        "",
        "One evaluation of loss and gradient at the final size, and the memory of the whole process:",
        "",
        "| encoder | size | candidate | GFLOP | seconds | of matrix peak | peak memory |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for cell in cells:
        lines += [_work_row(cell, name) for name in cell.runs]
    return "\n".join(lines) + "\n"


def _speedup_row(cell: Cell, each: Speedup) -> str:
    if each.our_seconds:
        seconds_cell, ratio = spread(each.our_seconds), f"**{spread(each.ratios)}**"
    else:
        seconds_cell, ratio = f"not reached: {100 * each.above:.1f} % above", "–"
    plain = f"{each.plain}, rate {cell.rate:g}" if each.plain == "plain Adam" else each.plain
    return (
        f"| {cell.encoder} | {cell.size}² | {plain} | {each.target:.4f} | {spread(each.plain_seconds)} "
        f"| {seconds_cell} | {ratio} |"
    )


def _work_row(cell: Cell, name: str) -> str:
    memory = statistics.median(run.peak_memory for run in cell.runs[name]) / 2**30
    seconds = spread(cell.seconds_per_evaluation(name), 3)
    return (
        f"| {cell.encoder} | {cell.size}² | {name} | {cell.gflop:.1f} | {seconds} "
        f"| {100 * cell.share_of_peak(name):.0f} % of {cell.peaks[name]:.0f} GFLOP/s | {memory:.2f} GiB |"
    )


def write(cells: Sequence[Cell], header: Mapping[str, Any], folder: Path, name: str) -> Path:
    """Write ``name.md`` and ``name.json``; each appears whole or not at all. Returns the Markdown's path."""
    folder.mkdir(parents=True, exist_ok=True)
    values = {**header, "cells": [cell.plain_values() for cell in cells]}
    as_json = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    for suffix, text in ((".json", as_json), (".md", markdown(cells, header))):
        write_file(folder / f"{name}{suffix}", text)
    return folder / f"{name}.md"
