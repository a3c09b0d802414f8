"""The report as one self-contained HTML page: tables, SVG charts, contact sheets and palettes."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bottega.evaluation.extractors import center_square
from bottega.evaluation.metrics.bootstrap import Interval
from bottega.evaluation.metrics.features import as_rows
from bottega.evaluation.report.metric_rows import MetricRow
from bottega.layers.palette import Palette
from bottega.pictures import composite_on_white, encode, load
from bottega.pictures import contact_sheet as draw_sheet

STYLESHEET = Path(__file__).with_name("page.css")
CHART_WIDTH, CHART_HEIGHT, CHART_MARGIN = 322, 150, 10
MIN_BINS, MAX_BINS = 8, 24
SCATTER_SIDE, MAX_DOTS = 490, 600
TILE_PIXELS, SHEET_COLUMNS = 112, 8


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        title: its heading.
        paragraphs: plain text before everything else.
        rows: of a table.
        body: charts and sheets, HTML.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    rows: Sequence[MetricRow] = ()
    body: str = ""


def page_html(
    title: str, verdict: str, lead: str, warnings: Sequence[str], sections: Sequence[Section], footer: str
) -> str:
    """The whole page; all texts are plain.

    Args:
        title, verdict, lead: heading and the lines below it.
        warnings: what the reader must know before any value.
    """
    parts = [f"<h1>{escape(title)}</h1>", f'<p class="verdict">{escape(verdict)}</p>']
    parts.append(f'<p class="lead">{escape(lead)}</p>')
    parts.append('<p class="key"><i class="o"></i>results<i class="t"></i>reference</p>')
    parts += [f'<p class="warning">{escape(warning)}</p>' for warning in warnings]
    for section in sections:
        text = "".join(f"<p>{escape(line)}</p>" for line in section.paragraphs)
        parts.append(f"<h2>{escape(section.title)}</h2>\n{text}{_table(section.rows)}{section.body}")
    style = STYLESHEET.read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(parts)
        + f"\n<footer>{escape(footer)}</footer>\n</main>\n</body>\n</html>\n"
    )


def contact_sheet(files: Sequence[Path], caption: str) -> str:
    """Pictures in rows of eight, as a figure with embedded data."""
    return _sheet_figure(
        [files[start : start + SHEET_COLUMNS] for start in range(0, len(files), SHEET_COLUMNS)], caption
    )


def pairs_sheet(above: Sequence[Path], below: Sequence[Path], caption: str) -> str:
    """Two rows of pictures, as a figure with embedded data."""
    return _sheet_figure([above, below], caption)


def palette_band(palette: Palette, caption: str) -> str:
    """A palette as a band, each color as wide as its share."""
    band = "".join(
        f'<span style="background:{color.hex};flex:{color.share:.4f}"></span>' for color in palette
    )
    return f'<figure><div class="swatches">{band}</div><figcaption>{escape(caption)}</figcaption></figure>'


def format_number(value: float) -> str:
    """About three digits; a dash for NaN and infinity."""
    if not np.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if abs(value) < 1e-4:
        return f"{value:.1e}"
    digits = max(0, 2 - int(np.floor(np.log10(max(abs(value), 1e-3)))))
    return f"{value:.{min(digits, 4)}f}"


def histogram_chart(title: str, results: NDArray[np.float64], reference: NDArray[np.float64]) -> str:
    """Both distributions on one axis, each with the same area; values that are not finite are left out."""
    results, reference = results[np.isfinite(results)], reference[np.isfinite(reference)]
    both = np.concatenate([results, reference])
    if not both.size:
        return ""
    # A few far outliers would press everything else into one bar.
    low, high = np.quantile(both, [0.005, 0.995])
    high = high if high > low else low + 1.0
    bins = int(np.clip(2 * min(len(results), len(reference)) ** 0.5, MIN_BINS, MAX_BINS))
    edges = np.linspace(low, high, bins + 1)
    counts = [
        np.histogram(np.clip(each, low, high), edges)[0] / max(len(each), 1) for each in (reference, results)
    ]
    peak = max(float(each.max()) for each in counts) or 1.0
    top, bottom, right = 28, CHART_HEIGHT - 24, CHART_WIDTH - CHART_MARGIN
    bar_width = (CHART_WIDTH - 2 * CHART_MARGIN) / bins

    def outline(heights: NDArray[np.float64]) -> str:
        points = [f"{CHART_MARGIN:.1f},{bottom}"]
        for index, height in enumerate(heights):
            x, y = CHART_MARGIN + index * bar_width, bottom - (bottom - top) * float(height) / peak
            points += [f"{x:.1f},{y:.1f}", f"{x + bar_width:.1f},{y:.1f}"]
        return " ".join([*points, f"{right},{bottom}"])

    def tick(value: float) -> str:
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"

    parts = [
        f'<text x="{CHART_MARGIN}" y="16" class="caption">{escape(title)}</text>',
        f'<polygon points="{outline(counts[0])}" class="reference"/>',
        f'<polygon points="{outline(counts[1])}" class="results"/>',
        f'<line x1="{CHART_MARGIN}" y1="{bottom}" x2="{right}" y2="{bottom}" class="axis"/>',
        f'<text x="{CHART_MARGIN}" y="{CHART_HEIGHT - 8}" class="tick">{tick(low)}</text>',
        f'<text x="{right}" y="{CHART_HEIGHT - 8}" class="tick end">{tick(high)}</text>',
    ]
    return _svg(CHART_WIDTH, CHART_HEIGHT, parts, title)


def scatter_chart(results: Tensor, reference: Tensor, title: str) -> str:
    """Both sets of features on the reference's first two principal components."""
    rows, others = as_rows(results), as_rows(reference)
    mean = others.mean(dim=0)
    axes = (others - mean).svd(some=True).V[:, :2]
    if axes.shape[1] < 2:
        return ""
    dots = [((each - mean) @ axes).numpy()[:: -(-len(each) // MAX_DOTS)] for each in (others, rows)]
    both = np.concatenate(dots)
    low, high = np.quantile(both, 0.01, axis=0), np.quantile(both, 0.99, axis=0)
    scale = (SCATTER_SIDE - 4 * CHART_MARGIN) / np.maximum(high - low, 1e-12)
    parts = [f'<rect x="0.5" y="0.5" width="{SCATTER_SIDE - 1}" height="{SCATTER_SIDE - 1}" class="frame"/>']
    for points, name in zip(dots, ("reference", "results"), strict=True):
        positions = 2 * CHART_MARGIN + (points - low) * scale
        for x, y in np.clip(positions, CHART_MARGIN / 2, SCATTER_SIDE - CHART_MARGIN / 2):
            parts.append(f'<circle cx="{x:.1f}" cy="{SCATTER_SIDE - y:.1f}" r="3" class="{name}"/>')
    return _svg(SCATTER_SIDE, SCATTER_SIDE, parts, title)


def interval_chart(value: Interval, maximum: float, reference: float) -> str:
    """A value between 0 and ``maximum``: a dot, its interval as a bar, and a tick at the reference."""
    width, height = 120, 16

    def position(number: float) -> float:
        return 4 + (width - 8) * min(max(number / maximum, 0.0), 1.0)

    parts = [f'<line x1="4" y1="8" x2="{width - 4}" y2="8" class="axis"/>']
    if np.isfinite(value.low) and np.isfinite(value.high):
        left, right = position(value.low), position(value.high)
        parts.append(f'<line x1="{left:.1f}" y1="8" x2="{right:.1f}" y2="8" class="bar"/>')
    if np.isfinite(reference):
        x = position(reference)
        parts.append(f'<line x1="{x:.1f}" y1="2" x2="{x:.1f}" y2="14" class="reference"/>')
    if np.isfinite(value.estimate):
        parts.append(f'<circle cx="{position(value.estimate):.1f}" cy="8" r="3.5" class="dot"/>')
    return _svg(width, height, parts, "")


def _svg(width: int, height: int, parts: Sequence[str], title: str) -> str:
    label = f' role="img" aria-label="{escape(title)}"' if title else ' aria-hidden="true"'
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}"{label}>{"".join(parts)}</svg>'
    )


def _sheet_figure(rows: Sequence[Sequence[Path]], caption: str) -> str:
    tiles = [[center_square(composite_on_white(load(file)), TILE_PIXELS) for file in row] for row in rows]
    data = base64.b64encode(encode(draw_sheet(tiles, height=TILE_PIXELS), "JPEG", quality=86)).decode("ascii")
    text = escape(caption)
    image = f'<img src="data:image/jpeg;base64,{data}" alt="{text}">'
    return f"<figure>{image}<figcaption>{text}</figcaption></figure>"


def _table(rows: Sequence[MetricRow]) -> str:
    if not rows:
        return ""
    head = (
        '<tr><th>metric</th><th class="number">results</th><th>95 % interval</th><th></th>'
        '<th class="number">reference</th><th>better</th><th>description</th></tr>'
    )
    return f'<div class="scroll"><table>{head}{"".join(_table_row(row) for row in rows)}</table></div>'


def _table_row(row: MetricRow) -> str:
    value = row.value
    has_interval = np.isfinite(value.low) and np.isfinite(value.high)
    interval = f"{format_number(value.low)} … {format_number(value.high)}" if has_interval else "–"
    ends = [end for end in (value.estimate, value.high, row.reference) if np.isfinite(end)]
    maximum = 10.0 if row.name.endswith(("(proxy)", "(rated)")) else max([*ends, 1e-9]) * 1.08
    return (
        f'<tr><td class="name">{escape(row.name)}</td><td class="number">{format_number(value.estimate)}</td>'
        f'<td class="range">{interval}</td>'
        f'<td class="chart">{interval_chart(value, maximum, row.reference)}</td>'
        f'<td class="number">{format_number(row.reference)}</td>'
        f'<td class="range">{escape(row.direction)}</td>'
        f'<td class="description">{escape(row.description)}</td></tr>'
    )
