"""The tool ``adjust``: a picture brought to what is asked of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import OutputError
from bottega.files import check_writable_folder
from bottega.tools.adjust.condition import wished
from bottega.tools.adjust.network import opened
from bottega.tools.adjust.recipe import adjust_recipe
from bottega.tools.adjust.settings import AdjustSettings
from bottega.tools.common.image_sources import Source, content_source, file_source
from bottega.tools.common.output_paths import check_output, default_name
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.personalize import Condition


def _run(settings: AdjustSettings, report: ProgressReporter) -> ToolResult:
    from bottega import pictures
    from bottega.personalize import adjust

    began = time.monotonic()
    source = content_source(settings.content)
    output = settings.output or Path(default_name(source, "adjusted"))
    inputs: list[Source] = [source]
    given = (settings.like, settings.mask)
    inputs += [file_source(path) for path in given if path is not None and path.is_file()]
    check_output(output, inputs, overwrite=settings.overwrite)
    if settings.profile is not None:
        check_profile(settings.profile, overwrite=settings.overwrite)
    condition = wished(settings)
    picture = source.open()
    mask = None if settings.mask is None else pictures.load_mask(settings.mask)
    network = opened(settings.model, report)
    report.progress(0.2, "adjusting")
    made = adjust(
        picture.pixels, condition, mask, settings.strength, network=network, optimizer_steps=settings.refine
    )
    rows = compared(condition, picture.pixels, made, mask)
    recipe = adjust_recipe(settings, source, condition, output.parent, network is not None)
    pictures.save(made, output, alpha=picture.alpha, quality=settings.quality, recipe=recipe)
    files = [output]
    if settings.profile is not None:
        files.append(condition.save(settings.profile))
    seconds = time.monotonic() - began
    return ToolResult(
        f"{output} ({picture.width} × {picture.height} pixels, {seconds:.1f} seconds)",
        files=tuple(files),
        rows=rows,
        details={"seconds": round(seconds, 3)},
    )


def compared(
    condition: Condition, before: Tensor, after: Tensor, mask: Tensor | None
) -> tuple[dict[str, Any], ...]:
    """What was asked, what the picture was, what it is now, and the match: a row per attribute."""
    from bottega.personalize import analyze_condition, match

    if not condition.attribute_names:
        return ()
    own, got = analyze_condition(before, mask), analyze_condition(after, mask)
    found = match(condition, got).attributes
    asked, was, now = (each.to_strings() for each in (condition, own, got))
    return tuple(
        {
            "attribute": name,
            "asked": asked[name],
            "before": was[name],
            "after": now[name],
            "match": round(found[name], 2),
        }
        for name in condition.attribute_names
    )


def check_profile(path: Path, *, overwrite: bool) -> None:
    """Refuse a profile that could not be written, or that would destroy one.

    Raises:
        OutputError: another ending than .json, a folder that takes no files, or a file that is there.
    """
    if path.suffix != ".json":
        raise OutputError(f"{path}: profiles are written as .json.")
    check_writable_folder(path.parent)
    if path.exists() and not overwrite:
        raise OutputError(f"{path} already exists; choose another name, or add --overwrite to replace it.")


ADJUST = Tool(
    name="adjust",
    summary="Bring a picture to a palette, a light, a composition, a texture, or to another picture's.",
    settings=AdjustSettings,
    function=_run,
    uses_networks=True,
)
