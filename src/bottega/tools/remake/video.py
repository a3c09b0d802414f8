"""``remake`` for videos."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from bottega import video
from bottega.errors import MismatchError, OutputError, PictureError
from bottega.tools.common.image_sources import FileSource
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.recipe import InputSearch, check_weights
from bottega.tools.common.tool import configure
from bottega.tools.remake.settings import RemakeSettings
from bottega.tools.stylize.pipeline import StylizePipeline
from bottega.tools.stylize.recipe import RestoredRecipe, load_recipe
from bottega.tools.stylize.settings import StylizeSettings
from bottega.tools.stylize.video.build import open_video_method
from bottega.tools.stylize.video.formats import VIDEO_OUTPUT_SUFFIXES, output_kind
from bottega.tools.stylize.video.job import VideoJob
from bottega.tools.stylize.video.run import check_video_output, run_job

MAX_MEAN_DIFFERENCE = 0.5
"""Of 255, for frames that count as equal: a last bit rounded otherwise changes decisions of the encoder."""


def remake_video(settings: RemakeSettings, source: FileSource, reporter: ProgressReporter) -> dict[str, Any]:
    """Make the video again, write it or only compare it; returns its recipe.

    Raises:
        PictureError: there is no recipe, or one of its inputs is missing.
        MismatchError: an input has changed, or a frame differs.
        SettingsError: the recipe is of another tool or version.
        OutputError: the output cannot be written.
    """
    recipe = video.read_recipe(source.path)
    if recipe is None or "video" not in recipe:
        raise PictureError(f"There is no recipe in {source.path}; only videos that Bottega made contain one.")
    search = InputSearch(source.path.parent, settings.search)
    restored = load_recipe(recipe, search, source.name, device=settings.device, engine=settings.engine)
    if settings.output is not None:
        inputs = [source, restored.content, *restored.plan.sources]
        if output_kind(settings.output) != "video":
            suffixes = ", ".join(VIDEO_OUTPUT_SUFFIXES)
            raise OutputError(f"{settings.output}: a video is remade as a video file ({suffixes}).")
        check_video_output(settings.output, "video", inputs, overwrite=settings.overwrite)
    with tempfile.TemporaryDirectory(prefix="bottega-") as folder:
        output = settings.output or Path(folder) / f"remade{source.path.suffix.lower()}"
        run_job(_open_job(restored, recipe["video"], source, output, reporter))
        if settings.verify:
            _verify(source.path, output)
    return recipe


def _open_job(
    restored: RestoredRecipe,
    video_settings: dict[str, Any],
    source: FileSource,
    output: Path,
    reporter: ProgressReporter,
) -> VideoJob:
    transfer = restored.settings
    values = {
        **transfer.model_dump(include=transfer.model_fields_set),
        **video_settings,
        "content": restored.content.path if isinstance(restored.content, FileSource) else None,
        "style": [spec.source.name for spec in restored.plan.styles],
        "output": output,
    }
    settings = configure(StylizeSettings, values)
    method = open_video_method(settings)
    check_weights(restored.weights, method.weights(source.path.parent), source.name)
    clip = video.open_clip(settings.content, Fraction(settings.frame_rate).limit_denominator(1001))
    return VideoJob(settings, reporter, clip, output, "video", StylizePipeline(restored.plan, method))


def _verify(old_path: Path, new_path: Path) -> None:
    """Compare frame by frame.

    Raises:
        MismatchError: numbers or sizes of frames differ, or a frame by more than the tolerance.
    """
    pairs = zip_longest(video.VideoFile(old_path).frames(), video.VideoFile(new_path).frames())
    for index, (old, new) in enumerate(pairs):
        if old is None or new is None:
            count = "fewer" if old is None else "more"
            raise MismatchError(f"{old_path} has {count} frames than its recipe makes.")
        if old.pixels.shape != new.pixels.shape:
            raise MismatchError(
                f"{old_path} is {old.width} × {old.height} pixels, its recipe makes "
                f"{new.width} × {new.height}."
            )
        difference = float(np.abs(old.pixels.astype(np.int16) - new.pixels).mean())
        if difference > MAX_MEAN_DIFFERENCE:
            raise MismatchError(
                f"{old_path} differs from what its recipe makes: frame {index + 1} by {difference:.3g} of "
                "255 on average."
            )
