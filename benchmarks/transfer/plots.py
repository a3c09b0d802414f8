"""The curves as figures: PNG to look at, SVG for pages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

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
HIGHLIGHTED = "micro"
LABEL_MARGIN = 0.42  # space for the names to the left of the curves, as a share of the curves' width
LABEL_GAP, LABEL_WIDTH = 13.0, 160.0  # points that names keep from each other
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
    """Write ``name`` (style and texture against edges) and ``name-all`` (all measures of style and content).

    Up is nearer to the style, right is nearer to the content.
    """
    taken = [measure for measure in STYLE_MEASURES if measure in curves[0].intervals[0]]
    with mpl.rc_context(STYLE):
        main = Figure(figsize=(13.6, 5.4), layout="constrained")
        panels(main, curves, taken[:2], CONTENT_MEASURES[:1])
        every = Figure(figsize=(6.6 * len(taken), 9.6), layout="constrained")
        panels(every, curves, taken, CONTENT_MEASURES)
        return [*_saved(main, folder, name), *_saved(every, folder, f"{name}-all")]


def panels(figure: Figure, curves: Sequence[Curve], styles: Sequence[str], contents: Sequence[str]) -> None:
    """A row for each measure of content, a column for each of style."""
    axes = figure.subplots(len(contents), len(styles), squeeze=False)
    for row, content in zip(axes, contents, strict=True):
        for ax, style in zip(row, styles, strict=True):
            _panel(ax, curves, style, content)
    figure.draw_without_rendering()  # this computes the layout
    for row, content in zip(axes, contents, strict=True):
        for ax, style in zip(row, styles, strict=True):
            _label(ax, curves, style, content)


def _panel(ax: Any, curves: Sequence[Curve], style: str, content: str) -> None:
    for curve in curves:
        color, highlighted = COLORS[curve.name], curve.name == HIGHLIGHTED
        across, along = ([each[measure] for each in curve.intervals] for measure in (content, style))
        xs, ys = [each.estimate for each in across], [each.estimate for each in along]
        bars = {"color": color, "linewidth": 0.9, "alpha": 0.35}
        ax.hlines(ys, [each.low for each in across], [each.high for each in across], **bars)
        ax.vlines(xs, [each.low for each in along], [each.high for each in along], **bars)
        ax.plot(
            xs,
            ys,
            color=color,
            linewidth=2.4 if highlighted else 1.5,
            marker="o",
            markersize=5 if highlighted else 4,
        )
        if highlighted:
            for strength, x, y in list(zip(curve.strengths, xs, ys, strict=True))[1:-1]:
                ax.annotate(
                    f"{strength:g}", (x, y), (5, 6), textcoords="offset points", color=color, fontsize=8
                )
    ax.invert_yaxis()
    ax.margins(x=0.04, y=0.1)
    ax.set_xlim(left=ax.get_xlim()[0] - LABEL_MARGIN * (ax.get_xlim()[1] - ax.get_xlim()[0]))
    ax.set_xlabel(f"{MEASURES[content]} with the content  (more is preserved →)")
    ax.set_ylabel(f"{MEASURES[style]}  (nearer ↑)")
    ax.grid(color=PALE, alpha=0.35, linewidth=0.6)
    ax.spines[["top", "right"]].set_visible(False)


def _label(ax: Any, curves: Sequence[Curve], style: str, content: str) -> None:
    """Names to the left of each method's full strength, pushed apart where they would cover each other."""
    points = 72 / ax.get_figure().dpi
    ends = []
    for curve in curves:
        last = curve.intervals[-1]
        x, y = last[content].estimate, last[style].estimate
        ends.append((curve, (x, y), *(value * points for value in ax.transData.transform((x, y)))))
    placed: list[tuple[float, float]] = []
    for curve, end, at_x, at_y in sorted(ends, key=lambda each: each[3]):
        label_y = at_y - 4
        for other_x, other_y in placed:
            if abs(other_x - at_x) < LABEL_WIDTH and label_y - other_y < LABEL_GAP:
                label_y = other_y + LABEL_GAP
        placed.append((at_x, label_y))
        text = ax.annotate(
            _title(curve, curves),
            end,
            (-9, label_y - at_y),
            textcoords="offset points",
            horizontalalignment="right",
            color=COLORS[curve.name],
            fontsize=9.5,
            fontweight="bold" if curve.name == HIGHLIGHTED else "normal",
        )
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])


def _title(curve: Curve, curves: Sequence[Curve]) -> str:
    """With the number of pairs, where it is smaller than that of the others."""
    most = max(len(each.pairs) for each in curves)
    return curve.title if len(curve.pairs) == most else f"{curve.title} ({len(curve.pairs)} pairs)"


def _saved(figure: Figure, folder: Path, name: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for form, metadata in (("png", {}), ("svg", {"Date": None})):
        temporary, target = folder / f".{name}.part.{form}", folder / f"{name}.{form}"
        figure.savefig(temporary, dpi=130, metadata=metadata, facecolor="white")
        os.replace(temporary, target)
        written.append(target)
    return written
