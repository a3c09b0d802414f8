"""A closed walk through generated pictures as a clip: a video, an animation, or a folder of frames."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from bottega import generation, pictures, video
from bottega.errors import Cancelled
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.generate.samples import Samples
from bottega.tools.stylize.video.formats import output_kind
from bottega.video import AnimationWriter, ClipInfo, Frame, FrameFolderWriter, SegmentWriter


def write_walk(
    samples: Samples, output: Path, frames: int, rate: Fraction, quality: int, reporter: ProgressReporter
) -> None:
    """Write the clip, completely or not at all.

    Raises:
        Cancelled: by the reporter; a folder keeps the frames so far.
    """
    size = samples.generator.size
    info = ClipInfo(output.name, size, size, rate, frames, float(frames / rate), 1 / rate)
    kind = output_kind(output)
    if kind == "video":
        encoding = video.choose_encoding(output, "auto", quality)
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".walk-") as folder:
            segment = Path(folder) / f"walk{video.SEGMENT_SUFFIX}"
            with SegmentWriter(segment, info, encoding) as segment_writer:
                for frame in _frames(samples, frames, rate, reporter):
                    segment_writer.write(frame)
            video.mux(
                [segment],
                output,
                frame_count=frames,
                frame_rate=rate,
                recipe=samples.recipe(output.parent),
            )
        return
    writer: Any = (
        AnimationWriter(output, info, quality, reporter.note)
        if kind == "animation"
        else FrameFolderWriter(output, quality=quality)
    )
    for frame in _frames(samples, frames, rate, reporter):
        writer.write(frame)
    writer.close()


def _frames(samples: Samples, frames: int, rate: Fraction, reporter: ProgressReporter) -> Iterator[Frame]:
    for index, picture in enumerate(generation.walk(samples.generator, samples.codes, frames)):
        if reporter.cancelled():
            raise Cancelled(f"Stopped after {index} of {frames} frames.")
        pixels = pictures.as_picture(samples.adjuster(picture.cpu())).pixels
        frame = (pixels[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().contiguous().numpy()
        yield Frame(frame, index / rate, index, duration=1 / rate)
        reporter.progress((index + 1) / frames, f"frame {index + 1} of {frames}")
