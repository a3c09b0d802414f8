"""Small drawings as SVG text: two histograms over each other, a map of both sets, an interval on a line."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bottega.evaluate.metrics.bootstrap import Interval
from bottega.evaluate.metrics.features import as_rows

WIDTH, HEIGHT = 322, 150
FEWEST_BINS, MOST_BINS = 8, 24
MARGIN = 10
MAP_SIDE = 490
MOST_DOTS = 600


def histograms(title: str, ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> str:
    """Both distributions on one axis, each with the same area; values that are not finite are left out."""
    ours, theirs = ours[np.isfinite(ours)], theirs[np.isfinite(theirs)]
    both = np.concatenate([ours, theirs])
    if not both.size:
        return ""
    # A few far outliers would press everything else into one bar.
    low, high = np.quantile(both, [0.005, 0.995])
    high = high if high > low else low + 1.0
    bins = int(np.clip(2 * min(len(ours), len(theirs)) ** 0.5, FEWEST_BINS, MOST_BINS))
    edges = np.linspace(low, high, bins + 1)
    shares = [np.histogram(np.clip(each, low, high), edges)[0] / max(len(each), 1) for each in (theirs, ours)]
    most = max(float(share.max()) for share in shares) or 1.0
    top, bottom = 28, HEIGHT - 24

    def outline(share: NDArray[np.float64]) -> str:
        step = (WIDTH - 2 * MARGIN) / bins
        places = [f"{MARGIN:.1f},{bottom}"]
        for number, value in enumerate(share):
            y = bottom - (bottom - top) * float(value) / most
            left = MARGIN + number * step
            places += [f"{left:.1f},{y:.1f}", f"{left + step:.1f},{y:.1f}"]
        return " ".join([*places, f"{WIDTH - MARGIN},{bottom}"])

    parts = [
        f'<text x="{MARGIN}" y="16" class="caption">{escape(title)}</text>',
        f'<polygon points="{outline(shares[0])}" class="theirs"/>',
        f'<polygon points="{outline(shares[1])}" class="ours"/>',
        f'<line x1="{MARGIN}" y1="{bottom}" x2="{WIDTH - MARGIN}" y2="{bottom}" class="axis"/>',
        f'<text x="{MARGIN}" y="{HEIGHT - 8}" class="tick">{_tick(low)}</text>',
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 8}" class="tick end">{_tick(high)}</text>',
    ]
    return _svg(WIDTH, HEIGHT, parts, title)


def map_of_sets(ours: Tensor, theirs: Tensor, title: str) -> str:
    """Both sets of features on the two directions in which the reference varies most."""
    rows, others = as_rows(ours), as_rows(theirs)
    mean = others.mean(dim=0)
    axes = (others - mean).svd(some=True).V[:, :2]
    if axes.shape[1] < 2:
        return ""
    dots = [((each - mean) @ axes).numpy()[_spread(len(each))] for each in (others, rows)]
    both = np.concatenate(dots)
    low, high = np.quantile(both, 0.01, axis=0), np.quantile(both, 0.99, axis=0)
    scale = (MAP_SIDE - 4 * MARGIN) / np.maximum(high - low, 1e-12)
    parts = []
    for places, name in zip(dots, ("theirs", "ours"), strict=True):
        for x, y in np.clip(2 * MARGIN + (places - low) * scale, MARGIN / 2, MAP_SIDE - MARGIN / 2):
            parts.append(f'<circle cx="{x:.1f}" cy="{MAP_SIDE - y:.1f}" r="3" class="{name}"/>')
    frame = f'<rect x="0.5" y="0.5" width="{MAP_SIDE - 1}" height="{MAP_SIDE - 1}" class="frame"/>'
    return _svg(MAP_SIDE, MAP_SIDE, [frame, *parts], title)


def interval_on_line(value: Interval, most: float, usual: float) -> str:
    """A figure between 0 and ``most``: a dot, its interval as a bar, and a tick at what is usual."""
    width, height = 120, 16

    def place(number: float) -> float:
        return 4 + (width - 8) * min(max(number / most, 0.0), 1.0)

    parts = [f'<line x1="4" y1="8" x2="{width - 4}" y2="8" class="axis"/>']
    if np.isfinite(value.low) and np.isfinite(value.high):
        left, right = place(value.low), place(value.high)
        parts.append(f'<line x1="{left:.1f}" y1="8" x2="{right:.1f}" y2="8" class="bar"/>')
    if np.isfinite(usual):
        at = place(usual)
        parts.append(f'<line x1="{at:.1f}" y1="2" x2="{at:.1f}" y2="14" class="usual"/>')
    if np.isfinite(value.estimate):
        parts.append(f'<circle cx="{place(value.estimate):.1f}" cy="8" r="3.5" class="dot"/>')
    return _svg(width, height, parts, "")


def _svg(width: int, height: int, parts: Sequence[str], title: str) -> str:
    label = f' role="img" aria-label="{escape(title)}"' if title else ' aria-hidden="true"'
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}"{label}>{"".join(parts)}</svg>'
    )


def _tick(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _spread(count: int) -> slice:
    return slice(None, None, -(-count // MOST_DOTS))
