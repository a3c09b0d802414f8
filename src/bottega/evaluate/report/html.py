"""The report as one page of HTML that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from bottega.evaluate.palettes import Palette
from bottega.evaluate.report.charts import interval_on_line
from bottega.evaluate.report.hexes import hexes
from bottega.evaluate.report.metric_rows import Figure

STYLE = Path(__file__).with_name("page.css")


@dataclass(frozen=True)
class Section:
    """A chapter of the page.

    Attributes:
        title: its heading.
        text: paragraphs before everything else; plain.
        figures: rows of a table.
        body: drawings and sheets, HTML.
    """

    title: str
    text: tuple[str, ...] = ()
    figures: Sequence[Figure] = ()
    body: str = ""


def page(
    title: str, lead: Sequence[str], warnings: Sequence[str], sections: Sequence[Section], end: str
) -> str:
    """The whole page.

    Args:
        title, lead: heading and the lines below it; plain.
        warnings: what the reader must know before any figure; plain.
        end: the last line; plain.
    """
    parts = [f"<h1>{escape(title)}</h1>", *(f'<p class="lead">{escape(line)}</p>' for line in lead)]
    parts.append('<p class="key"><i class="o"></i>results<i class="t"></i>reference</p>')
    parts += [f'<p class="warning">{escape(warning)}</p>' for warning in warnings]
    parts += [_section(section) for section in sections]
    style = STYLE.read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(parts)
        + f"\n<footer>{escape(end)}</footer>\n</main>\n</body>\n</html>\n"
    )


def sheet_figure(address: str, caption: str) -> str:
    """A sheet with the line below it."""
    text = escape(caption)
    return f'<figure><img src="{address}" alt="{text}"><figcaption>{text}</figcaption></figure>'


def swatches(palette: Palette, caption: str) -> str:
    """A palette as a band, each colour as wide as its share."""
    colors = zip(hexes(palette.lab), palette.shares.tolist(), strict=True)
    band = "".join(
        f'<span style="background:{color};flex:{share:.4f}"></span>'
        for color, share in sorted(colors, key=lambda each: -each[1])
    )
    return f'<figure><div class="swatches">{band}</div><figcaption>{escape(caption)}</figcaption></figure>'


def number(value: float) -> str:
    """Three digits or so; a dash where there is none."""
    if not np.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if abs(value) < 1e-4:
        return f"{value:.1e}"
    digits = max(0, 2 - int(np.floor(np.log10(max(abs(value), 1e-3)))))
    return f"{value:.{min(digits, 4)}f}"


def _section(section: Section) -> str:
    text = "".join(f"<p>{escape(line)}</p>" for line in section.text)
    return f"<h2>{escape(section.title)}</h2>\n{text}{_table(section.figures)}{section.body}"


def _table(figures: Sequence[Figure]) -> str:
    if not figures:
        return ""
    head = (
        '<tr><th>measure</th><th class="number">results</th><th>95 % interval</th><th></th>'
        '<th class="number">reference</th><th>better</th><th>what it tells</th></tr>'
    )
    return f'<div class="scroll"><table>{head}{"".join(_row(figure) for figure in figures)}</table></div>'


def _row(figure: Figure) -> str:
    value = figure.value
    known = np.isfinite(value.low) and np.isfinite(value.high)
    interval = f"{number(value.low)} … {number(value.high)}" if known else "–"
    ends = [end for end in (value.estimate, value.high, figure.usual) if np.isfinite(end)]
    most = max([*ends, 1e-9]) * 1.08
    if figure.name.endswith(("(proxy)", "(rated)")):
        most = 10.0
    return (
        f'<tr><td class="name">{escape(figure.name)}</td><td class="number">{number(value.estimate)}</td>'
        f'<td class="range">{interval}</td>'
        f'<td class="drawing">{interval_on_line(value, most, figure.usual)}</td>'
        f'<td class="number">{number(figure.usual)}</td><td class="range">{escape(figure.better)}</td>'
        f'<td class="says">{escape(figure.says)}</td></tr>'
    )
