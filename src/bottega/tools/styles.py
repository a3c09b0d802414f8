"""The tool ``styles``: the bundled styles as pictures, or one photo in each of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from bottega.errors import SettingsError
from bottega.tools.common.contact_sheet import split_rows
from bottega.tools.common.image_sources import BundledSource, check_model, content_source
from bottega.tools.common.output_paths import check_output
from bottega.tools.common.progress import ProgressReporter, SubProgress
from bottega.tools.common.tool import Settings, Tool, ToolResult, cli_option

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.pictures import Picture

MIN_STYLE_PIXELS = 400
"""Smaller tiles are drawn at this side and reduced: lines and screens have a minimum width in pixels."""
OVERSIZE = 1.25
"""Tiles are made larger than requested by this factor, because shorter rows of the sheet are enlarged."""
MAX_PER_ROW, MAX_WIDE_PER_ROW = 6, 4


class StylesSettings(Settings):
    """What to show."""

    sheet: Path | None = Field(
        None, description="write a contact sheet to this file", json_schema_extra=cli_option(short="-o")
    )
    photo: Path | None = Field(
        None,
        description="show this photo (or a sample: china, flower) in each style, by the method micro",
    )
    model: str | None = Field(
        None, description="another network of the method micro for that: a .safetensors file, or a name"
    )
    size: int = Field(
        320,
        ge=64,
        le=1024,
        description="side of a style on the sheet",
        json_schema_extra=cli_option(unit="pixels"),
    )
    seed: int = Field(0, ge=0, le=2**63 - 1, description="of the styles; every seed draws another picture")
    quality: int = Field(92, ge=1, le=100, description="of a JPEG, WebP or AVIF sheet; 100 is the best")
    overwrite: bool = Field(False, description="replace the sheet if it exists")


def _run(settings: StylesSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega.styles import STYLES

    rows = tuple(
        {"name": style.name, "title": style.title, "summary": style.summary} for style in STYLES.values()
    )
    if settings.sheet is None:
        if settings.photo is not None:
            raise SettingsError("--photo needs a file for the sheet: -o sheet.png.")
        return ToolResult("", rows=rows)
    from bottega import pictures

    photo = None if settings.photo is None else content_source(settings.photo)
    check_output(settings.sheet, [] if photo is None else [photo], overwrite=settings.overwrite)
    if photo is None:
        sheet = _style_sheet(settings, reporter)
    else:
        sheet = _photo_sheet(photo.open(), settings, reporter)
    pictures.save(sheet, settings.sheet, quality=settings.quality)
    return ToolResult(str(settings.sheet), files=(settings.sheet,), rows=rows)


def _check_files(settings: StylesSettings) -> None:
    photo = None if settings.photo is None else content_source(settings.photo)
    if settings.model is not None:
        check_model(settings.model)
    if settings.sheet is not None:
        check_output(settings.sheet, [] if photo is None else [photo], overwrite=settings.overwrite)


def _style_sheet(settings: StylesSettings, reporter: ProgressReporter) -> Tensor:
    from bottega import pictures
    from bottega.styles import STYLES, paint

    names = list(STYLES)
    side = max(round(settings.size * OVERSIZE), MIN_STYLE_PIXELS)
    tiles = []
    for index, name in enumerate(names):
        reporter.progress(index / len(names), name)
        tiles.append(paint(name, size=(side, side), seed=settings.seed))
    rows = split_rows(tiles, MAX_PER_ROW)
    return pictures.contact_sheet(rows, split_rows(names, MAX_PER_ROW), height=settings.size)


def _photo_sheet(photo: Picture, settings: StylesSettings, reporter: ProgressReporter) -> Tensor:
    """The photo, then the photo in every style; the network is loaded once."""
    from bottega import pictures
    from bottega.styles import STYLES
    from bottega.tools.stylize.pipeline import StylizePipeline, open_method
    from bottega.tools.stylize.plan import make_plan
    from bottega.tools.stylize.settings import TransferSettings
    from bottega.tools.stylize.style_spec import StyleSpec

    # Large enough for a row of the sheet with the requested height.
    long_side = round(settings.size * OVERSIZE * max(photo.width / photo.height, 1))
    method = open_method(TransferSettings(method="micro", model=settings.model, size=long_side))
    tiles = [pictures.fit(photo, long_side)]
    for index, name in enumerate(STYLES):
        part = SubProgress(reporter, index / len(STYLES), (index + 1) / len(STYLES), name)
        plan = make_plan([StyleSpec(BundledSource(name, settings.seed))])
        tiles.append(StylizePipeline(plan, method).run(photo, part))
    per_row = MAX_PER_ROW if photo.width <= photo.height else MAX_WIDE_PER_ROW
    rows, labels = split_rows(tiles, per_row), split_rows(["photo", *STYLES], per_row)
    return pictures.contact_sheet(rows, labels, height=settings.size)


STYLES_TOOL = Tool(
    name="styles",
    summary="List the styles that ship with Bottega.",
    settings=StylesSettings,
    function=_run,
    check_files=_check_files,
    examples=("styles", "styles --photo photo.jpg -o sheet.jpg"),
)
