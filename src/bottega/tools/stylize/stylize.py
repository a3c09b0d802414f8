"""The tool ``stylize``: a picture, or a folder of pictures, in another manner."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator

from bottega.errors import Cancelled, OutputError, SettingsError
from bottega.files import check_writable_folder
from bottega.tools.common.image_sources import Source, content_source
from bottega.tools.common.output_paths import check_not_input, check_output, default_name
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult, cli_option
from bottega.tools.stylize.methods import METHODS, Extras, Method
from bottega.tools.stylize.plan import Plan
from bottega.tools.stylize.settings import PaintSettings
from bottega.tools.stylize.style_spec import read_plan
from bottega.tools.stylize.video.formats import is_clip
from bottega.tools.stylize.video.settings import ClipSettings

if TYPE_CHECKING:
    from bottega.tools.stylize.pipeline import Painter


class StylizeSettings(PaintSettings, ClipSettings):
    """How to paint, and the files."""

    heading: ClassVar[str] = "Pictures"

    content: Path = Field(
        description="the picture to repaint, a folder of pictures, a clip (a film, an animation, a folder of "
        "frames), or a photograph to try: china, flower",
        json_schema_extra=cli_option(positional=True),
    )
    style: list[str] = Field(
        [],
        description="a picture whose manner to take, or the name of a bundled style; may be repeated. "
        "painting.jpg:0.4 gives it a weight, painting.jpg:scale=1.5 larger strokes, subject=painting.jpg "
        "a region, woodcut@3 a seed; in clips painting.jpg@5s a moment by which it has faded in; for the "
        "method multi, a style of its network",
    )
    region: list[str] = Field(
        [],
        description="where a style goes: subject=mask.png, white is inside; in clips also a folder of masks "
        "or a film of them; may be repeated",
    )
    region_style_weight: list[str] = Field(
        [],
        description="how hard the styles pull in one region, as a multiple of --style-weight: subject=2, "
        "background=0.5; may be repeated",
    )
    region_content_weight: list[str] = Field(
        [],
        description="how hard the content pulls in one region, as a multiple of --content-weight: "
        "subject=2; may be repeated",
    )
    leave: list[str] = Field(
        [], description="what keeps its pixels: a mask, the name of a region, or background; may be repeated"
    )
    output: Path | None = Field(
        None,
        description="the file to write (a folder, for a folder); else <content>-<style>.png in this folder",
        json_schema_extra=cli_option(short="-o"),
    )
    overwrite: bool = Field(False, description="replace the output if it exists; inputs are never replaced")
    sheet: Path | None = Field(None, description="also write a sheet with before, styles and after")
    compare: bool = Field(
        False, description="write a sheet with the picture by every method that is usable here, side by side"
    )
    preview: Path | None = Field(None, description="write the unfinished picture here now and then")
    preview_every: float = Field(
        10.0,
        ge=0.1,
        le=3600,
        description="time between previews",
        json_schema_extra=cli_option(unit="seconds"),
    )
    state: Path | None = Field(
        None, description="keep the state of the work in this file, and continue from it where it exists"
    )

    @model_validator(mode="after")
    def _has_a_style(self) -> Self:
        if not self.style and self.methods()[0].honours("style"):
            raise SettingsError(
                f"The method {self.methods()[0].name} needs --style: a picture whose manner to take, "
                "or the name of a bundled style."
            )
        return self

    def methods(self) -> Sequence[Method]:
        return list(METHODS.values()) if self.compare else super().methods()


def _run(settings: StylizeSettings, report: ProgressReporter) -> ToolResult:
    if is_clip(settings):
        from bottega.tools.stylize.video.run import stylize_clip

        return stylize_clip(settings, report)
    if settings.compare:
        from bottega.tools.stylize.method_comparison import compare

        return compare(settings, report)
    from bottega.tools.stylize.pipeline import Painter

    stylizer = METHODS[settings.method].open(settings)
    plan = read_plan(
        settings.style,
        settings.region,
        settings.leave,
        style_weights=settings.region_style_weight,
        content_weights=settings.region_content_weight,
        start=settings.start,
        names=stylizer.names,
        only_style=stylizer.only_style,
    )
    painter = Painter(plan, settings, stylizer)
    if settings.content.is_dir():
        from bottega.tools.stylize.batch import stylize_folder

        return stylize_folder(settings, painter, report)
    return _stylize_file(settings, plan, painter, report)


def _stylize_file(
    settings: StylizeSettings, plan: Plan, painter: Painter, report: ProgressReporter
) -> ToolResult:
    from bottega import pictures
    from bottega.tools.stylize.sheet import before_and_after

    start = time.monotonic()
    content = content_source(settings.content)
    output = settings.output or Path(default_name(content, plan.label))
    inputs: list[Source] = [content, *plan.sources]
    if output.is_dir():
        output = output / default_name(content, plan.label)
    check_output(output, inputs, overwrite=settings.overwrite, bits=settings.bits)
    if settings.sheet is not None:
        check_output(settings.sheet, inputs, overwrite=settings.overwrite)
    _check_work_files(settings, output, inputs)
    before = content.open()
    extras = Extras(settings.preview, settings.preview_every, settings.state)
    try:
        picture = painter.paint(before, report, extras)
    except (KeyboardInterrupt, Cancelled):
        raise Cancelled(_stopped(settings.state)) from None
    recipe = painter.recipe(content, output.parent)
    pictures.save(picture, output, bits=settings.bits, quality=settings.quality, recipe=recipe)
    files = [output]
    if settings.sheet is not None:
        pictures.save(before_and_after(before, plan, picture), settings.sheet, quality=settings.quality)
        files.append(settings.sheet)
    seconds = time.monotonic() - start
    return ToolResult(
        f"{output} ({picture.width} × {picture.height} pixels, {seconds:.1f} seconds)",
        files=tuple(files),
        details={
            "width": picture.width,
            "height": picture.height,
            "seconds": round(seconds, 3),
            "recipe": recipe,
        },
    )


def _stopped(state: Path | None) -> str:
    if state is None or not state.exists():
        return "Stopped; no result was written."
    return f"Stopped; no result was written. The same command goes on from {state}."


def _check_work_files(settings: StylizeSettings, output: Path, inputs: list[Source]) -> None:
    """Previews and states are replaced as the work goes on, but never an input or a result."""
    from bottega.pictures.formats import format_of

    if settings.preview is not None:
        format_of(settings.preview)
    work_files = [path for path in (settings.preview, settings.state) if path is not None]
    for path in work_files:
        check_writable_folder(path.parent)
        check_not_input(path, inputs)
    taken: set[Path] = set()
    for path in [output, *([settings.sheet] if settings.sheet else []), *work_files]:
        if path.absolute() in taken:
            raise OutputError(f"{path} is given for two things; choose two names.")
        taken.add(path.absolute())


STYLIZE = Tool(
    name="stylize",
    summary="Repaint a picture, or a folder of pictures, in the manner of others.",
    settings=StylizeSettings,
    function=_run,
    uses_networks=True,
)
