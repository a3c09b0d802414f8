"""The tool ``stylize``: pictures, folders of pictures and videos in the style of other pictures."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from bottega.errors import Cancelled, OutputError
from bottega.files import check_writable_folder
from bottega.picture_formats import format_of
from bottega.tools.common.image_sources import Source, check_model, check_pictures, content_source
from bottega.tools.common.output_paths import check_not_input, check_output, default_name, unused_path
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult
from bottega.tools.stylize.methods.registry import AUTO, DEFAULT_METHOD, FIXED_STYLE_METHODS, METHODS
from bottega.tools.stylize.plan import Plan, parse_plan
from bottega.tools.stylize.settings import StylizeSettings
from bottega.tools.stylize.video.formats import is_video

if TYPE_CHECKING:
    from bottega.tools.stylize.pipeline import StylizePipeline


def _run(settings: StylizeSettings, reporter: ProgressReporter) -> ToolResult:
    if is_video(settings):
        from bottega.tools.stylize.video.run import stylize_video

        if settings.method == AUTO:
            reporter.note(f"{settings.content} is a video: method {DEFAULT_METHOD}.")
            settings = settings.model_copy(update={"method": DEFAULT_METHOD})
        return stylize_video(settings, reporter)
    if settings.compare:
        from bottega.tools.stylize.method_comparison import compare_methods

        return compare_methods(settings, reporter)
    if settings.method == AUTO:
        from bottega.tools.stylize.choose_method import choose_method

        settings = choose_method(settings, reporter)
    from bottega.tools.stylize.pipeline import StylizePipeline, open_method

    method = open_method(settings)
    plan = parse_plan(
        settings.style,
        settings.region,
        settings.protect,
        style_weights=settings.region_style_weight,
        content_weights=settings.region_content_weight,
        start=settings.start,
        fixed_styles=method.fixed_styles,
        only_style=method.only_style,
    )
    pipeline = StylizePipeline(plan, method)
    if settings.content.is_dir():
        from bottega.tools.stylize.batch import stylize_folder

        return stylize_folder(settings, pipeline, reporter)
    return _stylize_picture(settings, pipeline, reporter)


def _stylize_picture(
    settings: StylizeSettings, pipeline: StylizePipeline, reporter: ProgressReporter
) -> ToolResult:
    from bottega import pictures
    from bottega.tools.stylize.methods.base import SideOutputs
    from bottega.tools.stylize.sheet import before_after_sheet

    start = time.monotonic()
    content = content_source(settings.content)
    output = _output_path(settings, content, pipeline.plan)
    _check_outputs(settings, output, [content, *pipeline.plan.sources])
    before = content.open()
    side_outputs = SideOutputs(settings.preview, settings.preview_every, settings.checkpoint)
    try:
        picture = pipeline.run(before, reporter, side_outputs)
    except (KeyboardInterrupt, Cancelled):
        message = "Stopped; no result was written."
        if settings.checkpoint is not None and settings.checkpoint.exists():
            message += f" The same command resumes from {settings.checkpoint}."
        raise Cancelled(message) from None
    recipe = pipeline.recipe(content, output.parent)
    pictures.save(picture, output, bits=settings.bits, quality=settings.quality, recipe=recipe)
    files, sheet_name = [output], ""
    if settings.sheet is not None:
        sheet = before_after_sheet(before, pipeline.plan, picture)
        pictures.save(sheet, settings.sheet, quality=settings.quality)
        files.append(settings.sheet)
        sheet_name = f", and the contact sheet {settings.sheet}"
    seconds = time.monotonic() - start
    return ToolResult(
        f"{output} ({picture.width} × {picture.height} pixels, {seconds:.1f} seconds){sheet_name}",
        files=tuple(files),
        details={
            "width": picture.width,
            "height": picture.height,
            "seconds": round(seconds, 3),
            "recipe": recipe,
        },
    )


def _output_path(settings: StylizeSettings, content: Source, plan: Plan) -> Path:
    output = settings.output
    if output is not None and not output.is_dir():
        return output
    path = (output or Path()) / default_name(content, plan.label + settings.label)
    return path if settings.overwrite else unused_path(path)


def _check_files(settings: StylizeSettings) -> None:
    """All that can be known before torch is imported; styles inside a network cannot."""
    is_folder = settings.content.is_dir()
    if is_folder:
        check_pictures(settings.content)
    content = None if is_folder else content_source(settings.content)
    video = is_video(settings)
    if settings.model is not None:
        check_model(settings.model)
    if settings.method != AUTO and METHODS[settings.method].supports("encoder"):
        check_model(settings.encoder)
    if settings.method in FIXED_STYLE_METHODS:
        return
    plan = parse_plan(
        settings.style,
        settings.region,
        settings.protect,
        style_weights=settings.region_style_weight,
        content_weights=settings.region_content_weight,
        start=settings.start,
        video=video,
    )
    if content is not None and not video and not settings.compare:
        _check_outputs(settings, _output_path(settings, content, plan), [content, *plan.sources])


def _check_outputs(settings: StylizeSettings, output: Path, inputs: list[Source]) -> None:
    """Check all files that will be written.

    Previews and checkpoints may be replaced while the tool runs, but never an input or a result.
    """
    check_output(output, inputs, overwrite=settings.overwrite, bits=settings.bits)
    if settings.sheet is not None:
        check_output(settings.sheet, inputs, overwrite=settings.overwrite)
    if settings.preview is not None:
        format_of(settings.preview)
    for path in (settings.preview, settings.checkpoint):
        if path is not None:
            check_writable_folder(path.parent)
            check_not_input(path, inputs)
    outputs: set[Path] = set()
    for path in (output, settings.sheet, settings.preview, settings.checkpoint):
        if path is not None and path.absolute() in outputs:
            raise OutputError(f"{path} is given for two outputs; choose two names.")
        if path is not None:
            outputs.add(path.absolute())


STYLIZE = Tool(
    name="stylize",
    summary="Stylize a picture, a folder of pictures or a video in the style of other pictures.",
    settings=StylizeSettings,
    function=_run,
    check_files=_check_files,
    uses_networks=True,
    examples=(
        "stylize photo.jpg --style painting.jpg",
        "stylize photo.jpg --style woodcut --strength 0.7 --keep-color",
        "stylize photo.jpg --style painting.jpg --style ink-wash:0.4",
        "stylize photo.jpg --region sky=mask.png --style sky=swirl --style background=woodcut",
        "stylize photos/ --style painting.jpg -o painted/",
    ),
)
