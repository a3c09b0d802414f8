"""One video to stylize: where it comes from, where it goes, its frames and its progress."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bottega import pictures, video
from bottega.errors import Cancelled
from bottega.tools.common.image_sources import FileSource
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.stylize.methods.base import result_size
from bottega.tools.stylize.pipeline import StylizePipeline
from bottega.tools.stylize.settings import StylizeSettings
from bottega.tools.stylize.style_spec import frames_source
from bottega.tools.stylize.video.build import build_stylizer, to_bytes
from bottega.tools.stylize.video.formats import OutputKind
from bottega.transfer.video import VideoStylizer
from bottega.video import Clip, Frame, FrameFolder, OnMessage, UInt8Array

MIN_REPORT_SECONDS = 0.1
"""Between two reports; a frame may take far less."""


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
        content = frames_source(self.settings.content)
        names = {"temporal_smoothing", "codec", "frame_rate"}
        return {
            **self.pipeline.recipe(content, self.output.parent),
            "video": self.settings.model_dump(mode="json", include=names),
        }

    def build_stylizer(self) -> VideoStylizer:
        """A new stylizer, with all masks at their beginning."""
        start = next(self.clip.frames()).time
        numbers = list(self.clip.files) if isinstance(self.clip, FrameFolder) else ()
        masks = {
            region.name: video.open_mask_track(
                region.mask.path, self.reporter.note, numbers=numbers, start=start
            )
            for region in self.pipeline.plan.regions
            if isinstance(region.mask, FileSource)
        }
        return build_stylizer(
            self.pipeline,
            masks,
            size=self.size,
            start_time=start,
            temporal_smoothing=self.settings.temporal_smoothing,
        )

    def frames(self, start: Fraction | None, index: int, on_unreadable: OnMessage) -> Iterator[Frame]:
        """The frames at the size of the result; ``index`` is that of the first one, at time ``start``."""
        for frame in self.clip.frames(start, index, on_unreadable):
            yield frame if (frame.height, frame.width) == self.size else _resize(frame, self.size)


def _resize(frame: Frame, size: tuple[int, int]) -> Frame:
    picture = pictures.resize(pictures.as_picture(frame.pixels).pixels, size)
    alpha = frame.alpha
    if alpha is not None:
        planes = pictures.resize(pictures.as_picture(alpha).pixels, size)
        alpha = to_bytes(planes)[..., 0].copy()
    return replace(frame, pixels=to_bytes(picture), alpha=alpha)


class VideoProgress:
    """Counts and reports stylized frames, and writes previews at intervals.

    Attributes:
        count: frames stylized so far.
    """

    def __init__(self, job: VideoJob) -> None:
        self.job = job
        self.count = 0
        self._start = self._last_preview = time.monotonic()
        self._last_report = 0.0

    def add_frame(self, index: int, pixels: UInt8Array) -> None:
        """A frame was stylized.

        Raises:
            Cancelled: the user wants to stop.
        """
        self.count += 1
        now, settings, reporter = time.monotonic(), self.job.settings, self.job.reporter
        if settings.preview is not None and now - self._last_preview >= settings.preview_every:
            pictures.save(pictures.as_picture(pixels), settings.preview, quality=85)
            self._last_preview = now
        if now - self._last_report < MIN_REPORT_SECONDS:
            return
        self._last_report = now
        if reporter.cancelled():
            raise Cancelled("Stopped; no result was written.")
        message, done, seconds_left = f"frame {index + 1}", 0.0, None
        count = self.job.clip.info.frame_count
        if count:
            message += f" of {count}"
            done = min(1.0, (index + 1) / count)
            seconds_left = (now - self._start) / self.count * max(0, count - index - 1)

        def preview() -> Tensor:
            return torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255

        reporter.progress(done, message, seconds_left=seconds_left, preview=preview)
