"""The tool ``styles``: the styles that ship with Bottega."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from pydantic import Field

from bottega.tools.outputs import check_output
from bottega.tools.tool import Outcome, Report, Settings, Tool

TILE = 320
"""Side of a style on the sheet, in pixels."""
LARGEST_ROW = 6


class StylesSettings(Settings):
    """What to show."""

    sheet: Path | None = Field(None, description="write a sheet with all of them to this file")
    seed: int = Field(0, ge=0, le=2**63 - 1, description="of the sheet; every seed paints another picture")
    overwrite: bool = Field(False, description="replace the sheet if it exists")


def _run(settings: StylesSettings, report: Report) -> Outcome:
    from bottega.styles import STYLES

    rows = tuple(
        {"name": style.name, "title": style.title, "summary": style.summary} for style in STYLES.values()
    )
    if settings.sheet is None:
        return Outcome("", rows=rows)
    check_output(settings.sheet, [], overwrite=settings.overwrite)
    _write_sheet(settings.sheet, settings.seed, report)
    return Outcome(str(settings.sheet), files=(settings.sheet,), rows=rows)


def _write_sheet(path: Path, seed: int, report: Report) -> None:
    from bottega import pictures
    from bottega.styles import STYLES, paint

    names = list(STYLES)
    tiles = []
    for number, name in enumerate(names):
        report.progress(number / len(names), name)
        tiles.append(paint(name, size=(TILE, TILE), seed=seed))
    # Rows as equal as they can be, rather than a last one with a single tile.
    rows = -(-len(names) // LARGEST_ROW)
    cuts = [len(names) * row // rows for row in range(rows + 1)]
    spans = list(pairwise(cuts))
    tiled = [tiles[start:end] for start, end in spans]
    labels = [names[start:end] for start, end in spans]
    pictures.save(pictures.sheet(tiled, labels, height=TILE), path)


STYLES_TOOL = Tool(
    name="styles", summary="List the styles that ship with Bottega.", settings=StylesSettings, work=_run
)
