"""One video to stylize: where it comes from, where it goes, and what happens to its frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from bottega import pictures, video
from bottega.tools.common.image_sources import FileSource
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.stylize.methods.base import result_size
from bottega.tools.stylize.pipeline import StylizePipeline
from bottega.tools.stylize.settings import StylizeSettings
from bottega.tools.stylize.style_spec import mask_source
from bottega.tools.stylize.video.build import build_stylizer, to_bytes
from bottega.tools.stylize.video.formats import OutputKind
from bottega.tools.stylize.video.progress import VideoProgress
from bottega.transfer.video import VideoStylizer
from bottega.video import Clip, Frame, OnMessage


@dataclass
class VideoJob:
    """A video to stylize; everything is checked."""

    settings: StylizeSettings
    reporter: ProgressReporter
    clip: Clip
    output: Path
    kind: OutputKind
    pipeline: StylizePipeline

    @cached_property
    def size(self) -> tuple[int, int]:
        """(height, width) of the result."""
        info = self.clip.info
        return result_size(info.height, info.width, self.pipeline.method.requested.size or 0)

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The recipe of a picture, with a field ``video``."""
        content = mask_source(self.settings.content, video=True)
        names = {"temporal_smoothing", "codec", "frame_rate"}
        return {
            **self.pipeline.recipe(content, self.output.parent),
            "video": self.settings.model_dump(mode="json", include=names),
        }

    def build_stylizer(self) -> VideoStylizer:
        """A new stylizer, with all masks at their beginning."""
        masks = {
            region.name: video.open_mask_track(region.mask.path, self.reporter.note)
            for region in self.pipeline.plan.regions
            if isinstance(region.mask, FileSource)
        }
        return build_stylizer(
            self.pipeline,
            masks,
            size=self.size,
            begin=next(self.clip.frames()).time,
            temporal_smoothing=self.settings.temporal_smoothing,
        )

    def frames(self, start: Fraction | None, index: int, on_unreadable: OnMessage) -> Iterator[Frame]:
        """The frames at the size of the result; ``index`` is that of the first one, at time ``start``."""
        for frame in self.clip.frames(start, index, on_unreadable):
            yield frame if (frame.height, frame.width) == self.size else _resize(frame, self.size)

    def progress(self) -> VideoProgress:
        """A new report of the progress."""
        settings = self.settings
        return VideoProgress(self.reporter, self.clip.info, settings.preview, settings.preview_every)


def _resize(frame: Frame, size: tuple[int, int]) -> Frame:
    picture = pictures.resize(pictures.as_picture(frame.pixels).pixels, size)
    alpha = frame.alpha
    if alpha is not None:
        planes = pictures.resize(pictures.as_picture(alpha).pixels, size)
        alpha = to_bytes(planes)[..., 0].copy()
    return replace(frame, pixels=to_bytes(picture), alpha=alpha)
