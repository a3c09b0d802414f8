"""The curves as figures: PNG to look at, SVG for pages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.transfer.curves import Curve
from benchmarks.transfer.measures import CONTENT_MEASURES, MEASURES, STYLE_MEASURES

INK, PALE = "#33312e", "#b9b5ad"
COLORS = {
    "untouched": "#33312e",
    "color": "#8a857c",
    "adain": "#2f7f6f",
    "microast": "#3a5fa8",
    "micro": "#c2402a",
    "optimize": "#a67c1e",
}
LABEL_GAP = 13.0  # points between the labels at the ends of curves
STYLE: Any = {
    "font.size": 10,
    "axes.edgecolor": PALE,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "bottega",  # equal figures give equal files
}


def draw(curves: Sequence[Curve], folder: Path, name: str) -> list[Path]:
    """Write ``name`` (style against edges) and ``name-all`` (every measure of style against both of content).

    Up is nearer to the style, right is nearer to the content.
    """
    taken = [measure for measure in STYLE_MEASURES if measure in curves[0].values]
    with mpl.rc_context(STYLE):
        single = Figure(figsize=(8.4, 5.6), layout="constrained")
        panel(single.subplots(), curves, "style", "content")
        every = Figure(figsize=(6.6 * len(taken), 9.6), layout="constrained")
        axes = every.subplots(2, len(taken), squeeze=False)
        for row, content in zip(axes, CONTENT_MEASURES, strict=True):
            for ax, style in zip(row, taken, strict=True):
                panel(ax, curves, style, content)
        return [*_saved(single, folder, name), *_saved(every, folder, f"{name}-all")]


def panel(ax: Any, curves: Sequence[Curve], style: str, content: str) -> None:
    """One style measure against one content measure."""
    ends = []
    for curve in curves:
        color = COLORS[curve.name]
        figures = curve.intervals
        xs, ys = ([each[measure].estimate for each in figures] for measure in (content, style))
        spans = [
            [[each[m].estimate - each[m].low for each in figures] for m in (content, style)],
            [[each[m].high - each[m].estimate for each in figures] for m in (content, style)],
        ]
        (left, below), (right, above) = spans
        ours = curve.name == "micro"
        bars = {"fmt": "none", "ecolor": color, "elinewidth": 0.9, "alpha": 0.45}
        ax.errorbar(xs, ys, xerr=[left, right], yerr=[below, above], **bars)
        ax.plot(xs, ys, color=color, linewidth=2.4 if ours else 1.5, marker="o", markersize=5 if ours else 4)
        if ours:
            for strength, x, y in list(zip(curve.strengths, xs, ys, strict=True))[1:-1]:
                ax.annotate(
                    f"{strength:g}", (x, y), (5, 6), textcoords="offset points", color=color, fontsize=8
                )
        title = curve.title if len(curve.pairs) == len(curves[0].pairs) else _with_pairs(curve)
        ends.append((title, color, xs[-1], ys[-1]))
    ax.invert_yaxis()
    ax.margins(x=0.16, y=0.1)
    ax.set_xlabel(f"{MEASURES[content]} with the content  (more is kept →)")
    ax.set_ylabel(f"{MEASURES[style]}  (nearer ↑)")
    ax.grid(color=PALE, alpha=0.35, linewidth=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    _label(ax, ends)


def _label(ax: Any, ends: Sequence[tuple[str, str, float, float]]) -> None:
    """Names beside the ends of the curves, pushed apart where they would cover each other."""
    figure = ax.get_figure()
    figure.draw_without_rendering()
    points = 72 / figure.dpi
    placed: list[tuple[float, float]] = []
    for title, color, x, y in sorted(ends, key=lambda end: ax.transData.transform((0, end[3]))[1]):
        at_x, at_y = (value * points for value in ax.transData.transform((x, y)))
        label_y = at_y - 4
        for other_x, other_y in placed:
            if abs(other_x - at_x) < 150 and label_y - other_y < LABEL_GAP:
                label_y = other_y + LABEL_GAP
        placed.append((at_x, label_y))
        ax.annotate(
            title, (x, y), (9, label_y - at_y), textcoords="offset points", color=color, fontsize=9.5,
            fontweight="bold" if "ours" in title else "normal",
        )  # fmt: skip


def _with_pairs(curve: Curve) -> str:
    return f"{curve.title} ({len(curve.pairs)} pairs)"


def _saved(figure: Figure, folder: Path, name: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for form, metadata in (("png", {}), ("svg", {"Date": None})):
        temporary, target = folder / f".{name}.part.{form}", folder / f"{name}.{form}"
        figure.savefig(temporary, dpi=130, metadata=metadata, facecolor="white")
        os.replace(temporary, target)
        written.append(target)
    return written
