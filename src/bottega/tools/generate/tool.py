"""The tool ``generate`` and :func:`bottega.generate`: pictures, a contact sheet, or a clip of a generator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import Cancelled, OutputError, SettingsError
from bottega.files import check_overwrite, check_overwrite_folder, check_writable_folder
from bottega.tools.adjust.condition import parse_pair
from bottega.tools.common.image_sources import check_model, file_source
from bottega.tools.common.output_paths import check_output, unused_path
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult, configure
from bottega.tools.generate.settings import GenerateSettings
from bottega.tools.stylize.video.formats import output_kind

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.tools.common.image_result import ImageResult
    from bottega.tools.generate.samples import Samples


def _run(settings: GenerateSettings, reporter: ProgressReporter) -> ToolResult:
    if settings.sheet is not None and settings.walk is not None:
        raise SettingsError("Give --sheet or --walk, not both.")
    output = settings.output
    if output is None and settings.sheet is None:
        output = default_output(settings)
        if not settings.overwrite:
            output = unused_path(output)
    if settings.sheet is not None:
        check_output(settings.sheet, [], overwrite=settings.overwrite)
        if output is not None and output.absolute() == settings.sheet.absolute():
            raise OutputError(f"{output} is given for two outputs; choose two names.")
    if output is not None:
        _check_output(output, settings)
    samples = _prepare(settings, reporter)
    if settings.walk is not None:
        assert output is not None
        return _write_walk(settings, samples, output, reporter)
    return _write_pictures(settings, samples, output, reporter)


def _prepare(settings: GenerateSettings, reporter: ProgressReporter) -> Samples:
    from bottega import runtime
    from bottega.tools.generate.condition import Adjuster, requested_condition
    from bottega.tools.generate.samples import make_samples

    adjuster = Adjuster(requested_condition(settings), settings.strength, reporter)
    runtime.set_threads(settings.threads)
    return make_samples(settings, adjuster, reporter)


def default_output(settings: GenerateSettings) -> Path:
    """A name after the model, in the current folder."""
    names = [Path(settings.model).stem, *(text.partition(":")[0] for text in settings.class_name)]
    label = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(names))
    if settings.walk is not None:
        return Path(f"{label}-walk-{settings.seed}.webm")
    if settings.picture_count == 1:
        return Path(f"{label}-{settings.seed}.png")
    return Path(f"{label}-pictures")


def _check_files(settings: GenerateSettings) -> None:
    check_model(settings.model)
    if settings.project is not None:
        file_source(settings.project)
    if settings.condition is not None:
        file_source(settings.condition)
    if settings.subject:
        parse_pair(settings.subject, "--subject 0.3,0.6")
    if settings.sheet is not None:
        check_output(settings.sheet, [], overwrite=settings.overwrite)
    if settings.output is not None and settings.walk is None:
        _check_output(settings.output, settings)


def _is_folder(output: Path, settings: GenerateSettings) -> bool:
    return settings.walk is None and (output.is_dir() or output.suffix == "")


def _check_output(output: Path, settings: GenerateSettings) -> None:
    """Check before any work begins that the output can be written."""
    if settings.walk is not None:
        _check_clip_output(output, settings)
    elif _is_folder(output, settings):
        check_writable_folder(output.parent if not output.exists() else output)
    else:
        check_output(output, [], overwrite=settings.overwrite)
        if settings.picture_count > 1:
            raise SettingsError(
                f"{output} is one file for {settings.picture_count} pictures; name a folder, or write "
                f"a sheet of them with --sheet {output}."
            )


def _check_clip_output(output: Path, settings: GenerateSettings) -> None:
    from bottega import video

    kind = output_kind(output)
    if kind == "folder":
        check_overwrite_folder(video.FrameFolderWriter.pattern_of(output).parent, settings.overwrite)
        return
    if kind == "video":
        video.choose_encoding(output, "auto", settings.quality)
    check_overwrite(output, settings.overwrite)


def _pictures(samples: Samples, reporter: ProgressReporter) -> Iterator[Tensor]:
    """The pictures, with progress."""
    count = len(samples)
    for index, picture in enumerate(samples.pictures()):
        if reporter.cancelled():
            raise Cancelled(f"Stopped after {index} of {count} pictures.")
        yield picture
        reporter.progress((index + 1) / count, f"picture {index + 1} of {count}")


def _write_pictures(
    settings: GenerateSettings, samples: Samples, output: Path | None, reporter: ProgressReporter
) -> ToolResult:
    """Write single pictures, a contact sheet, or both."""
    from bottega import pictures

    files: list[Path] = []
    if output is not None:
        files = _picture_files(output, settings, samples)
    tiles: list[Tensor] = []
    for index, picture in enumerate(_pictures(samples, reporter)):
        if files:
            recipe = samples.recipe(files[index].parent, index)
            pictures.save(picture, files[index], quality=settings.quality, recipe=recipe)
        if settings.sheet is not None:
            tiles.append(picture)
    written: list[str] = []
    if files:
        written.append(
            f"1 picture in {files[0]}" if len(files) == 1 else f"{len(files)} pictures in {output}"
        )
    if settings.sheet is not None:
        recipe = samples.recipe(settings.sheet.parent)
        pictures.save(samples.sheet(tiles), settings.sheet, quality=settings.quality, recipe=recipe)
        files = [*files, settings.sheet]
        written.append(f"{len(tiles)} pictures on the sheet {settings.sheet}")
    return ToolResult(", ".join(written), files=tuple(files), details={"names": samples.names})


def _picture_files(output: Path, settings: GenerateSettings, samples: Samples) -> list[Path]:
    """The file of each picture; creates their folder."""
    if not _is_folder(output, settings):
        return [output]
    output.mkdir(exist_ok=True)
    files = [output / f"{name}.png" for name in samples.names]
    existing = [file for file in files if file.exists()]
    if existing and not settings.overwrite:
        raise OutputError(f"{existing[0]} already exists; choose another folder, or add --overwrite.")
    return files


def _write_walk(
    settings: GenerateSettings, samples: Samples, output: Path, reporter: ProgressReporter
) -> ToolResult:
    from bottega.tools.generate.latent_walk import write_walk

    assert settings.walk is not None
    rate = Fraction(settings.frame_rate).limit_denominator(1001)
    frames = max(len(samples), round(settings.walk * rate))
    write_walk(samples, output, frames, rate, settings.quality, reporter)
    return ToolResult(
        f"A walk through {len(samples)} pictures, {frames} frames: {output}",
        files=(output,),
        details={"frames": frames},
    )


def generate(
    model: str = "faces", count: int = 1, *, reporter: ProgressReporter | None = None, **settings: Any
) -> list[ImageResult]:
    """Pictures of a generator, each from its own seed.

    >>> for result in bottega.generate("faces", 4, seed=7, palette="#203040,#e0c080"):
    ...     result.save(f"{result.recipe['name']}.png")

    Args:
        model: the name of a generator (``bottega models list``) or its ``.safetensors`` file.
        count: number of pictures.
        reporter: receives progress; may cancel.
        settings: options of ``bottega generate``, such as ``seed=7`` or ``class_name=["monk"]``.

    Raises:
        SettingsError: a setting is invalid, or the generator does not support it.
        WeightsError: the generator is unknown or damaged.
        Cancelled: the reporter asked for it.
    """
    from bottega import pictures
    from bottega.tools.common.image_result import ImageResult

    configured = configure(GenerateSettings, {"model": model, "count": count, **settings})
    reporter = reporter or ProgressReporter()
    samples = _prepare(configured, reporter)
    return [
        ImageResult(
            pictures.as_picture(picture),
            (),
            partial(samples.recipe, index=index),
            quality=configured.quality,
        )
        for index, picture in enumerate(_pictures(samples, reporter))
    ]


GENERATE = Tool(
    name="generate",
    summary="Generate pictures from random seeds.",
    settings=GenerateSettings,
    function=_run,
    check_files=_check_files,
    uses_networks=True,
    examples=(
        "generate --count 16 --sheet faces.png",
        'generate --model landscapes --palette "blue,gold" -o landscapes/',
    ),
)
