"""``stylize`` for a folder: skip what is done, let one bad file stop nothing."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from bottega.errors import BottegaError, Cancelled, OutputError, PartialError, PictureError, SettingsError
from bottega.files import check_writable_folder
from bottega.tools.common.image_sources import FileSource
from bottega.tools.common.output_paths import check_output, default_name
from bottega.tools.common.progress import ProgressReporter, SubProgress
from bottega.tools.common.tool import ToolResult, is_out_of_memory, out_of_memory_error
from bottega.tools.stylize.recipe import same_picture

if TYPE_CHECKING:
    from bottega.tools.stylize.pipeline import Painter
    from bottega.tools.stylize.tool import StylizeSettings


def stylize_folder(settings: StylizeSettings, painter: Painter, report: ProgressReporter) -> ToolResult:
    """Paint every picture of a folder (not of the folders in it) into another folder.

    Returns:
        An outcome whose ``error`` is a :class:`~bottega.errors.PartialError` where some pictures failed.

    Raises:
        SettingsError: no output folder was named, or a setting is for one picture only.
        PictureError: there is no picture in the folder.
        OutputError: the output folder cannot be written into.
    """
    output = _output_folder(settings)
    sources = _pictures_in(settings.content)
    names = _result_names(sources, painter.plan.label)
    start = time.monotonic()
    done: list[Path] = []
    skipped: list[Path] = []
    failed: dict[str, str] = {}
    for number, (source, name) in enumerate(zip(sources, names, strict=True)):
        count = len(sources)
        share = SubProgress(report, number / count, (number + 1) / count, source.path.name)
        share.progress(0.0)
        try:
            written = _paint_one(source, output / name, settings, painter, share)
        except Cancelled:
            raise
        except (BottegaError, MemoryError, RuntimeError) as error:
            failed[str(source.path)] = str(_for_the_list(error, source))
            report.note(f"Failed: {failed[str(source.path)]}")
            continue
        (done if written else skipped).append(output / name)
    report.progress(1.0, "done")
    counts = f"{len(done)} painted, {len(skipped)} already done, {len(failed)} failed"
    details = {
        "skipped": [str(path) for path in skipped],
        "failed": failed,
        "seconds": round(time.monotonic() - start, 3),
    }
    partial = PartialError(f"{counts}; failed were {', '.join(failed)}.") if failed else None
    return ToolResult(f"{output}: {counts}", files=tuple(done), details=details, error=partial)


def _output_folder(settings: StylizeSettings) -> Path:
    if settings.output is None:
        raise SettingsError(f"{settings.content} is a folder; name the folder for the results with -o.")
    for name in ("sheet", "preview", "state"):
        if getattr(settings, name) is not None:
            raise SettingsError(
                f"--{name} is for one picture; leave it out for the folder {settings.content}."
            )
    output = settings.output
    if output.exists() and not output.is_dir():
        raise OutputError(f"{output} is a file; name a folder for the results.")
    if output.exists() and output.samefile(settings.content):
        raise OutputError(f"{output} is the folder of the inputs; results there would be painted next time.")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"The folder {output} cannot be made: {reason}.") from None
    check_writable_folder(output)
    return output


def _pictures_in(folder: Path) -> list[FileSource]:
    from bottega.pictures.formats import READ_SUFFIXES

    found = [
        FileSource(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix.lower() in READ_SUFFIXES and not path.name.startswith(".")
    ]
    if not found:
        raise PictureError(f"There is no picture in the folder {folder}.")
    return found


def _result_names(sources: list[FileSource], style: str) -> list[str]:
    """Names of results; where a.jpg and a.png would meet, the ending goes into the name."""
    stems = Counter(source.label for source in sources)
    return [
        default_name(source, style) if stems[source.label] == 1 else f"{source.path.name}-{style}.png"
        for source in sources
    ]


def _paint_one(
    source: FileSource, target: Path, settings: StylizeSettings, painter: Painter, report: ProgressReporter
) -> bool:
    """Paint one picture unless it is there already; True where it was painted."""
    from bottega import pictures

    recipe = painter.recipe(source, target.parent)
    if target.exists() and same_picture(pictures.read_recipe(target), recipe):
        report.note(f"{target} is done already.")
        return False
    check_output(target, [source, *painter.plan.sources], overwrite=settings.overwrite)
    picture = painter.paint(source.open(), report)
    pictures.save(picture, target, bits=settings.bits, quality=settings.quality, recipe=recipe)
    return True


def _for_the_list(error: Exception, source: FileSource) -> BottegaError:
    """The sentence of a failure; what is a defect of ours stops the folder after all."""
    if isinstance(error, BottegaError):
        return error
    if is_out_of_memory(error):
        return out_of_memory_error(str(source.path))
    raise error
