"""A walk through drafts as a clip: a film, an animation, or a folder of frames."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from torch import Tensor

from bottega import generate, pictures, video
from bottega.errors import Cancelled
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.generate.samples import Drafts
from bottega.tools.stylize.video.formats import output_kind
from bottega.video import AnimationWriter, ClipInfo, Frame, FrameFolderWriter, SegmentWriter


def write_walk(
    drafts: Drafts,
    output: Path,
    frames: int,
    rate: Fraction,
    quality: int,
    bend: Callable[[Tensor], Tensor],
    report: ProgressReporter,
) -> int:
    """Write the clip, whole or not at all; returns the number of its frames.

    Raises:
        Cancelled: by the report; a folder keeps the frames so far.
    """
    size = drafts.generator.size
    seconds = float(frames / rate)
    info = ClipInfo(output.name, size, size, rate, frames, seconds, 1 / rate)
    made = _frames(drafts, frames, rate, bend, report)
    kind = output_kind(output)
    if kind == "video":
        _film(made, output, info, quality, dict(drafts.recipe))
        return frames
    writer: Any = (
        AnimationWriter(output, info, quality)
        if kind == "animation"
        else FrameFolderWriter(output, 0, quality)
    )
    for frame in made:
        writer.write(frame)
    writer.close()
    return frames


def _frames(
    drafts: Drafts, frames: int, rate: Fraction, bend: Callable[[Tensor], Tensor], report: ProgressReporter
) -> Iterator[Frame]:
    for number, picture in enumerate(generate.walk(drafts.generator, drafts.codes, frames)):
        if report.cancelled():
            raise Cancelled(f"Stopped after {number} of {frames} frames.")
        shown = pictures.as_picture(bend(picture.cpu())).pixels
        samples = (shown[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().contiguous().numpy()
        yield Frame(samples, number / rate, number, duration=1 / rate)
        report.progress((number + 1) / frames, f"frame {number + 1} of {frames}")


def _film(made: Iterator[Frame], output: Path, info: ClipInfo, quality: int, recipe: dict[str, Any]) -> None:
    encoding = video.choose_encoding(output, "auto", quality)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".walk-") as folder:
        segment = Path(folder) / "walk.nut"
        with SegmentWriter(segment, info, encoding) as writer:
            for frame in made:
                writer.write(frame)
        video.mux([segment], output, recipe=recipe)
