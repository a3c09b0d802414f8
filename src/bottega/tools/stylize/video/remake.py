"""``bottega remake`` for a film: the recipe inside it, run again."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bottega import video
from bottega.errors import MismatchError, OutputError, PictureError
from bottega.tools.common.image_sources import FileSource
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.recipe import check_weights
from bottega.tools.common.tool import ToolResult, configure
from bottega.tools.stylize.pipeline import Painter
from bottega.tools.stylize.recipe import CLIP, Recalled
from bottega.tools.stylize.video.build import open_stylizer
from bottega.tools.stylize.video.formats import FILMS_OUT, kind_of
from bottega.tools.stylize.video.run import Job, check_clip_output, paint_clip
from bottega.tools.stylize.video.style_spec import ClipPlan

if TYPE_CHECKING:
    from bottega.tools.remake.tool import RemakeSettings

TOLERANCE = 0.5
"""Mean difference of a frame, of 255, up to which it counts as the same: a rounding in its last bit is
enough for an encoder to decide otherwise somewhere."""


def remake_clip(settings: RemakeSettings, given: FileSource, report: ProgressReporter) -> ToolResult:
    """Paint the film again, into a file or only to compare it.

    Raises:
        PictureError: no recipe, or one of its inputs is missing.
        MismatchError: an input has changed, or a frame differs.
        SettingsError, OutputError: see :mod:`bottega.tools.remake`.
    """
    from bottega.tools.remake.tool import recall, told

    recipe = video.read_recipe(given.path)
    if recipe is None or recipe.get("tool") != CLIP:
        raise PictureError(f"There is no recipe in {given.path}; only films that Bottega made carry one.")
    recalled = recall(settings, given, recipe)
    if settings.output is not None:
        inputs = [given, recalled.content, *recalled.plan.sources]
        if kind_of(settings.output) != "film":
            raise OutputError(f"{settings.output}: a film is remade as a film ({', '.join(FILMS_OUT)}).")
        check_clip_output(settings.output, "film", inputs, overwrite=settings.overwrite)
    with tempfile.TemporaryDirectory(prefix="bottega-") as folder:
        output = settings.output or Path(folder) / f"remade{given.path.suffix.lower()}"
        paint_clip(_job(recalled, recipe, given, output, report))
        if settings.verify:
            _verify(given.path, output)
    return told(settings, given, [] if settings.output is None else [output], recipe)


def _job(
    recalled: Recalled, recipe: dict[str, Any], given: FileSource, output: Path, report: ProgressReporter
) -> Job:
    from bottega.tools.stylize.tool import StylizeSettings

    paint = recalled.settings
    clip = recipe["clip"]
    said = {
        **paint.model_dump(include=paint.model_fields_set),
        "content": recalled.content.path if isinstance(recalled.content, FileSource) else None,
        "style": [choice.source.name for choice in recalled.plan.styles],
        "output": output,
        "temporal": clip["temporal"],
        "codec": clip["codec"],
        "frame_rate": clip["rate"],
    }
    settings = configure(StylizeSettings, said)
    stylizer = open_stylizer(settings)
    check_weights(recalled.weights, stylizer.weights(given.path.parent), given.name)
    plan = ClipPlan(recalled.plan, tuple(float(moment) for moment in clip["moments"]))
    source = video.open_clip(settings.content, Fraction(settings.frame_rate).limit_denominator(1001))
    painter = Painter(plan.plan, settings, stylizer)
    return Job(settings, report, source, output, "film", plan, painter)


def _verify(given: Path, remade: Path) -> None:
    """Compare frame by frame.

    Raises:
        MismatchError: numbers or sizes of frames differ, or a frame by more than the tolerance.
    """
    pairs = zip_longest(video.Film(given).frames(), video.Film(remade).frames())
    for number, (ours, theirs) in enumerate(pairs):
        if ours is None or theirs is None:
            raise MismatchError(
                f"{given} has {'fewer' if ours is None else 'more'} frames than its recipe makes."
            )
        if ours.pixels.shape != theirs.pixels.shape:
            raise MismatchError(
                f"{given} is {ours.width} × {ours.height} pixels, its recipe makes "
                f"{theirs.width} × {theirs.height}."
            )
        apart = float(np.abs(ours.pixels.astype(np.int16) - theirs.pixels).mean())
        if apart > TOLERANCE:
            raise MismatchError(
                f"{given} differs from what its recipe makes: frame {number + 1} by {apart:.3g} of 255 "
                "on average."
            )
