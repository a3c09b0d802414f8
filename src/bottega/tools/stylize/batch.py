"""``stylize`` for a folder of pictures: finished ones are skipped, and a failure does not stop the others."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from bottega import pictures
from bottega.errors import BottegaError, Cancelled, OutputError, PartialError, PictureError, SettingsError
from bottega.files import check_writable_folder, list_files
from bottega.picture_formats import READ_SUFFIXES, VIDEO_SUFFIXES
from bottega.tools.common.image_sources import FileSource
from bottega.tools.common.output_paths import check_output, default_name, numbered_paths
from bottega.tools.common.progress import ProgressReporter, SubProgress
from bottega.tools.common.tool import ToolResult, is_out_of_memory, out_of_memory_error
from bottega.tools.stylize.pipeline import StylizePipeline
from bottega.tools.stylize.recipe import same_result
from bottega.tools.stylize.settings import StylizeSettings

MAX_LISTED = 8  # names in a note


def stylize_folder(
    settings: StylizeSettings, pipeline: StylizePipeline, reporter: ProgressReporter
) -> ToolResult:
    """Stylize every picture of a folder (not of the folders in it) into another folder.

    Returns:
        A result whose ``error`` is a :class:`~bottega.errors.PartialError` if some pictures failed.

    Raises:
        SettingsError: the output folder is missing, or a setting is for one picture only.
        PictureError: there is no picture in the folder.
        OutputError: the output folder cannot be written to.
    """
    folder = _output_folder(settings)
    sources = [FileSource(path) for path in list_files(settings.content, READ_SUFFIXES)]
    _report_others(settings.content, reporter)
    if not sources:
        raise PictureError(f"There is no picture in the folder {settings.content}.")
    start = time.monotonic()
    written: list[Path] = []
    skipped: list[str] = []
    failed: dict[str, str] = {}
    for index, (source, name) in enumerate(
        zip(sources, _result_names(sources, pipeline.plan.label + settings.label), strict=True)
    ):
        part = SubProgress(reporter, index / len(sources), (index + 1) / len(sources), source.path.name)
        part.progress(0.0)
        try:
            output, is_new = _stylize_file(source, folder / name, settings, pipeline, part)
        except Cancelled:
            raise
        except (BottegaError, MemoryError, RuntimeError) as error:
            failed[str(source.path)] = _failure_message(error, source)
            reporter.note(f"Failed: {failed[str(source.path)]}")
            continue
        if is_new:
            written.append(output)
        else:
            skipped.append(str(output))
    reporter.progress(1.0, "done")
    counts = f"{len(written)} stylized, {len(skipped)} already done, {len(failed)} failed"
    return ToolResult(
        f"{folder}: {counts}",
        files=tuple(written),
        details={"skipped": skipped, "failed": failed, "seconds": round(time.monotonic() - start, 3)},
        error=PartialError(f"{counts}; failed were {', '.join(failed)}.") if failed else None,
    )


def _output_folder(settings: StylizeSettings) -> Path:
    """Check the settings of a folder, and create the folder for the results."""
    if settings.output is None:
        raise SettingsError(f"{settings.content} is a folder; name the folder for the results with -o.")
    for name in ("sheet", "preview", "checkpoint"):
        if getattr(settings, name) is not None:
            raise SettingsError(
                f"--{name} is for one picture; leave it out for the folder {settings.content}."
            )
    output = settings.output
    if output.exists() and not output.is_dir():
        raise OutputError(f"{output} is a file; name a folder for the results.")
    if output.exists() and output.samefile(settings.content):
        raise OutputError(f"{output} is the folder of the inputs; name another one for the results.")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"The folder {output} cannot be created: {reason}.") from None
    check_writable_folder(output)
    return output


def _result_names(sources: list[FileSource], style: str) -> list[str]:
    """Names of results, which all differ, also where capitals do not count.

    For a.jpg beside a.png they contain the suffix.
    """
    stems = Counter(source.label.casefold() for source in sources)
    names: dict[str, str] = {}
    for source in sources:
        name = default_name(source, style)
        if stems[source.label.casefold()] > 1:
            name = f"{source.path.name}-{style}.png"
        free = next(each.name for each in numbered_paths(Path(name)) if each.name.casefold() not in names)
        names[free.casefold()] = free
    return list(names.values())


def _report_others(folder: Path, reporter: ProgressReporter) -> None:
    """Note what is in a folder and is not stylized: videos, other files and folders."""
    files = [path for path in list_files(folder) if path.suffix.lower() not in READ_SUFFIXES]
    videos = [path.name for path in files if path.suffix.lower() in VIDEO_SUFFIXES]
    others = [path.name for path in files if path.suffix.lower() not in VIDEO_SUFFIXES]
    folders = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    for names, reason in (
        (videos, "videos are stylized one by one"),
        (folders, "pictures of inner folders are not stylized; name the folder itself"),
        (others, "not pictures"),
    ):
        if names:
            more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
            reporter.note(f"Left out of {folder}: {', '.join(names[:MAX_LISTED])}{more} ({reason}).")


def _stylize_file(
    source: FileSource,
    output: Path,
    settings: StylizeSettings,
    pipeline: StylizePipeline,
    reporter: ProgressReporter,
) -> tuple[Path, bool]:
    """Stylize one picture, unless the result exists already; returns its file and whether it is new.

    Where another result has the name already, the new one gets a number.
    """
    recipe = pipeline.recipe(source, output.parent)
    for candidate in [output] if settings.overwrite else numbered_paths(output):
        if not candidate.exists():
            break
        if same_result(pictures.read_recipe(candidate), recipe):
            reporter.note(f"{candidate} is done already.")
            return candidate, False
    check_output(candidate, [source, *pipeline.plan.sources], overwrite=settings.overwrite)
    picture = pipeline.run(source.open(), reporter)
    pictures.save(picture, candidate, bits=settings.bits, quality=settings.quality, recipe=recipe)
    return candidate, True


def _failure_message(error: Exception, source: FileSource) -> str:
    """The message of an error of the user's files; raises errors of the program again."""
    if isinstance(error, BottegaError):
        return str(error)
    if is_out_of_memory(error):
        return str(out_of_memory_error(str(source.path)))
    raise error
