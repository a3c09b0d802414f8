"""The tool ``generate``: drafts from noise, as pictures, as a sheet, or as a clip that walks through them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from bottega.errors import Cancelled, OutputError, SettingsError
from bottega.files import check_writable_folder
from bottega.tools.common.output_paths import check_output
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult
from bottega.tools.generate.settings import GenerateSettings
from bottega.tools.stylize.video.formats import output_kind

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.tools.generate.samples import Drafts

SHEET = ".png"
FILM = ".webm"


def _run(settings: GenerateSettings, report: ProgressReporter) -> ToolResult:
    from bottega import runtime
    from bottega.tools.generate.condition import bending, wished
    from bottega.tools.generate.samples import make_drafts

    if settings.sheet and settings.walk is not None:
        raise SettingsError("A walk is a clip; leave --sheet or --walk out.")
    output = settings.output or default_output(settings)
    _check(output, settings)
    wish = wished(settings)
    bend = bending(wish, settings.strength, report)
    runtime.set_threads(settings.threads)
    drafts = make_drafts(settings, output.parent if output.suffix else output, report, wish)
    if settings.walk is not None:
        return _walked(settings, drafts, output, bend, report)
    shown = _told((bend(picture) for picture in drafts.pictures()), len(drafts), report)
    if settings.sheet:
        return _sheet(settings, drafts, shown, output)
    return _pictures(settings, drafts, shown, output)


def default_output(settings: GenerateSettings) -> Path:
    """Named after the model, in this folder."""
    label = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(settings.model).stem)
    if settings.walk is not None:
        return Path(f"{label}-walk-{settings.seed}{FILM}")
    if settings.sheet or settings.pictures == 1:
        return Path(f"{label}-{settings.seed}{SHEET}")
    return Path(f"{label}-drafts")


def _is_folder(output: Path, settings: GenerateSettings) -> bool:
    return settings.walk is None and not settings.sheet and (output.is_dir() or output.suffix == "")


def _check(output: Path, settings: GenerateSettings) -> None:
    """Refuse what could not be written before anything is drawn."""
    if settings.walk is not None:
        _check_clip(output, settings)
    elif _is_folder(output, settings):
        check_writable_folder(output.parent if not output.exists() else output)
    else:
        check_output(output, [], overwrite=settings.overwrite)
        if settings.pictures > 1 and not settings.sheet:
            raise SettingsError(
                f"{output} is one file for {settings.pictures} pictures; add --sheet, or name a folder."
            )


def _check_clip(output: Path, settings: GenerateSettings) -> None:
    from bottega import video

    kind = output_kind(output)
    if kind == "video":
        video.choose_encoding(output, "auto", settings.quality)
    if kind == "folder":
        folder = video.FrameFolderWriter.pattern_of(output).parent
        if folder.exists() and any(folder.iterdir()) and not settings.overwrite:
            raise OutputError(f"The folder {folder} has files in it; choose another, or add --overwrite.")
        return
    check_writable_folder(output.parent)
    if output.exists() and not settings.overwrite:
        raise OutputError(f"{output} already exists; choose another name, or add --overwrite to replace it.")


def _told(shown: Iterator[Tensor], count: int, report: ProgressReporter) -> Iterator[Tensor]:
    """The same, with progress."""
    for number, picture in enumerate(shown):
        if report.cancelled():
            raise Cancelled(f"Stopped after {number} of {count} pictures.")
        yield picture
        report.progress((number + 1) / count, f"picture {number + 1} of {count}")


def _sheet(settings: GenerateSettings, drafts: Drafts, shown: Iterator[Tensor], output: Path) -> ToolResult:
    from bottega import pictures
    from bottega.tools.generate.samples import sheet_of

    sheet = sheet_of(drafts, list(shown), math.ceil(math.sqrt(len(drafts))))
    pictures.save(sheet, output, quality=settings.quality, recipe=dict(drafts.recipe))
    return ToolResult(f"{len(drafts)} pictures on {output}", files=(output,), details={"names": drafts.names})


def _pictures(
    settings: GenerateSettings, drafts: Drafts, shown: Iterator[Tensor], output: Path
) -> ToolResult:
    from bottega import pictures

    files = [output]
    if _is_folder(output, settings):
        output.mkdir(exist_ok=True)
        files = [output / f"{name}{SHEET}" for name in drafts.names]
        taken = [file for file in files if file.exists()]
        if taken and not settings.overwrite:
            raise OutputError(f"{taken[0]} already exists; choose another folder, or add --overwrite.")
    for number, (picture, file) in enumerate(zip(shown, files, strict=True)):
        pictures.save(picture, file, quality=settings.quality, recipe=drafts.recipe_of(number))
    where = files[0] if len(files) == 1 else output
    return ToolResult(
        f"{len(files)} {'picture' if len(files) == 1 else 'pictures'} in {where}",
        files=tuple(files),
        details={"names": drafts.names},
    )


def _walked(
    settings: GenerateSettings,
    drafts: Drafts,
    output: Path,
    bend: Callable[[Tensor], Tensor],
    report: ProgressReporter,
) -> ToolResult:
    from bottega.tools.generate.latent_walk import write_walk

    assert settings.walk is not None
    rate = Fraction(settings.frame_rate).limit_denominator(1001)
    frames = max(len(drafts), round(settings.walk * rate))
    written = write_walk(drafts, output, frames, rate, settings.quality, bend, report)
    return ToolResult(
        f"A walk through {len(drafts)} pictures, {written} frames: {output}",
        files=(output,),
        details={"frames": written},
    )


GENERATE = Tool(
    name="generate",
    summary="Draw pictures with a generator: drafts from noise.",
    settings=GenerateSettings,
    function=_run,
    uses_networks=True,
)
