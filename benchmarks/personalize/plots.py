"""Slider curves, generate_draft: what was asked against what was got."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.personalize.mixtures import MIXTURES
from benchmarks.personalize.sliders import sliders

COLUMNS = 4


def draw_curves(rows: Sequence[dict[str, Any]], path: Path) -> Path:
    """A panel for each slider, a line for each picture; the dashed one is where both are equal."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    order = (*(name for _, _, name in sliders()), *MIXTURES)
    names = [name for name in order if any(row["slider"] == name for row in rows)]
    height = -(-len(names) // COLUMNS)
    figure, axes = pyplot.subplots(height, COLUMNS, figsize=(11, 2.6 * height), squeeze=False)
    for axis in axes.flat[len(names) :]:
        axis.axis("off")
    for axis, name in zip(axes.flat, names, strict=False):
        curves = [row for row in rows if row["slider"] == name]
        low, high = curves[0]["requested"][0], curves[0]["requested"][-1]
        axis.plot([low, high], [low, high], "--", color="0.6")
        for curve in curves:
            axis.plot(curve["requested"], curve["measured"], marker="o", markersize=3)
        axis.set_title(name, fontsize=9)
        axis.tick_params(labelsize=7)
    figure.supxlabel("requested", fontsize=9)
    figure.supylabel("measured", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    pyplot.close(figure)
    return path
