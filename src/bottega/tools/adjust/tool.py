"""The tool ``adjust`` and :func:`bottega.adjust`: a picture with requested attributes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.tools.adjust.adjustment import Adjustment, open_network
from bottega.tools.adjust.condition import parse_pair, requested_condition
from bottega.tools.adjust.settings import AdjustSettings
from bottega.tools.common.image_sources import Source, check_like, check_model, content_source, file_source
from bottega.tools.common.output_paths import (
    check_json_output,
    check_output,
    default_name,
    format_bits,
    unused_path,
)
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult, configure

if TYPE_CHECKING:
    from bottega.pictures import Picture
    from bottega.tools.common.image_result import ImageResult


def _run(settings: AdjustSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega import pictures

    start = time.monotonic()
    content = content_source(settings.content)
    mask = None if settings.mask is None else file_source(settings.mask)
    output = settings.output or Path(default_name(content, "adjusted"))
    if settings.output is None and not settings.overwrite:
        output = unused_path(output)
    inputs: list[Source] = [content, *([] if mask is None else [mask])]
    if settings.like is not None and settings.like.is_file():
        inputs.append(file_source(settings.like))
    check_output(output, inputs, overwrite=settings.overwrite)
    if settings.save_condition is not None:
        check_json_output(settings.save_condition, "condition", overwrite=settings.overwrite)
    condition = requested_condition(settings)
    network = open_network(settings.model, reporter)
    adjustment = Adjustment(content, mask, condition, settings, network)
    reporter.progress(0.2, "adjusting")
    result = adjustment.run()
    rows = _compare(adjustment, result)
    recipe = adjustment.recipe(output.parent)
    bits = format_bits(output, result.bits)
    pictures.save(result, output, bits=bits, quality=settings.quality, recipe=recipe)
    files = [output]
    if settings.save_condition is not None:
        files.append(condition.save(settings.save_condition))
    seconds = time.monotonic() - start
    return ToolResult(
        f"{output} ({result.width} × {result.height} pixels, {seconds:.1f} seconds)",
        files=tuple(files),
        rows=rows,
        details={"seconds": round(seconds, 3)},
    )


def _check_files(settings: AdjustSettings) -> None:
    content = content_source(settings.content)
    if settings.subject:
        parse_pair(settings.subject, "--subject 0.3,0.6")
    if settings.mask is not None:
        file_source(settings.mask)
    if settings.like is not None:
        check_like(settings.like)
    if settings.model is not None:
        check_model(settings.model)
    if settings.output is not None:
        check_output(settings.output, [content], overwrite=settings.overwrite)


def _compare(adjustment: Adjustment, result: Picture) -> tuple[dict[str, Any], ...]:
    """A row per requested attribute: the request, the picture before and after, and the match."""
    from bottega.personalize import analyze_condition, match

    condition, mask = adjustment.condition, adjustment.mask_pixels
    if not condition.attribute_names:
        return ()
    before = analyze_condition(adjustment.picture.pixels, mask)
    after = analyze_condition(result.pixels, mask)
    matches = match(condition, after).attributes
    requested, old, new = (each.to_strings() for each in (condition, before, after))
    return tuple(
        {
            "attribute": name,
            "requested": requested[name],
            "before": old[name],
            "after": new[name],
            "match": round(matches[name], 2),
        }
        for name in condition.attribute_names
    )


def adjust(
    content: Any, *, mask: Any = None, reporter: ProgressReporter | None = None, **settings: Any
) -> ImageResult:
    """Give a picture requested attributes: a palette, a lightness, a composition, a texture.

    >>> result = bottega.adjust("photo.jpg", palette="#203040,#e0c080", lightness=0.4)
    >>> result.save("adjusted.png")

    Args:
        content: a path, a PIL image, a numpy array, a tensor or a :class:`bottega.pictures.Picture`.
        mask: a picture of the same size: white areas may change, black ones stay.
        reporter: receives notes.
        settings: options of ``bottega adjust``, such as ``like="painting.jpg"`` or ``warmth=0.2``.

    Raises:
        SettingsError: a setting is invalid, or no attribute is requested.
        PictureError: a picture cannot be read, or the mask has another size.
    """
    from bottega.tools.common.image_result import ImageResult
    from bottega.tools.stylize.style_spec import mask_source, picture_source

    source = picture_source(content, "content")
    configured = configure(AdjustSettings, {"content": Path(source.name), **settings})
    adjustment = Adjustment(
        source,
        None if mask is None else mask_source(mask),
        requested_condition(configured),
        configured,
        open_network(configured.model, reporter or ProgressReporter()),
    )
    return ImageResult(
        adjustment.run(), adjustment.inputs, adjustment.recipe, bits=None, quality=configured.quality
    )


ADJUST = Tool(
    name="adjust",
    summary="Give a picture a palette, a light, a composition, a texture, or those of another picture.",
    settings=AdjustSettings,
    function=_run,
    check_files=_check_files,
    uses_networks=True,
    examples=(
        'adjust photo.jpg --palette "blue,gold" --lightness 0.4',
        "adjust photo.jpg --like painting.jpg --use palette",
        "adjust photo.jpg --subject 0.3,0.6",
    ),
)
