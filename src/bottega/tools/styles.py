"""The tool ``styles``: the styles that ship with Bottega."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from bottega.tools.outputs import check_output
from bottega.tools.tool import Outcome, Report, Settings, Tool, face

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST_PAINTED = 400
"""Smaller tiles are painted at this side and shrunk: lines and screens have a least width in pixels."""
GROWTH = 1.25
"""Tiles are painted so much larger than asked, for rows of fewer tiles are set larger."""
LARGEST_ROW = 6


class StylesSettings(Settings):
    """What to show."""

    sheet: Path | None = Field(None, description="write a sheet with all of them to this file")
    size: int = Field(
        320, ge=64, le=1024, description="side of a style on the sheet", json_schema_extra=face(unit="pixels")
    )
    seed: int = Field(0, ge=0, le=2**63 - 1, description="of the sheet; every seed paints another picture")
    quality: int = Field(92, ge=1, le=100, description="of a JPEG, WebP or AVIF sheet; 100 is the best")
    overwrite: bool = Field(False, description="replace the sheet if it exists")


def _run(settings: StylesSettings, report: Report) -> Outcome:
    from bottega.styles import STYLES

    rows = tuple(
        {"name": style.name, "title": style.title, "summary": style.summary} for style in STYLES.values()
    )
    if settings.sheet is None:
        return Outcome("", rows=rows)
    from bottega import pictures

    check_output(settings.sheet, [], overwrite=settings.overwrite)
    sheet = _paint_sheet(settings.size, settings.seed, report)
    pictures.save(sheet, settings.sheet, quality=settings.quality)
    return Outcome(str(settings.sheet), files=(settings.sheet,), rows=rows)


def _paint_sheet(size: int, seed: int, report: Report) -> Tensor:
    from bottega import pictures
    from bottega.styles import STYLES, paint

    names = list(STYLES)
    side = max(round(size * GROWTH), SMALLEST_PAINTED)
    tiles = []
    for number, name in enumerate(names):
        report.progress(number / len(names), name)
        tiles.append(paint(name, size=(side, side), seed=seed))
    # Rows as equal as they can be, rather than a last one with a single tile.
    rows = -(-len(names) // LARGEST_ROW)
    cuts = [len(names) * row // rows for row in range(rows + 1)]
    spans = list(pairwise(cuts))
    tiled = [tiles[start:end] for start, end in spans]
    labels = [names[start:end] for start, end in spans]
    return pictures.sheet(tiled, labels, height=size)


STYLES_TOOL = Tool(
    name="styles", summary="List the styles that ship with Bottega.", settings=StylesSettings, work=_run
)
