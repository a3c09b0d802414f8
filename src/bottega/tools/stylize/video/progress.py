"""Progress of a video: frames, time left, previews, cancellation."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from bottega import pictures
from bottega.errors import Cancelled
from bottega.tools.common.progress import ProgressReporter
from bottega.video import ClipInfo, UInt8Array

MIN_REPORT_SECONDS = 0.1
"""Between two reports; a frame may take far less."""


class VideoProgress:
    """Counts and reports stylized frames, and writes previews at intervals.

    Attributes:
        count: frames stylized so far.
        preview: file for the newest frame, every ``preview_every`` seconds.
    """

    def __init__(
        self,
        reporter: ProgressReporter,
        info: ClipInfo,
        preview: Path | None = None,
        preview_every: float = 10.0,
    ) -> None:
        self.reporter = reporter
        self.info = info
        self.preview = preview
        self.preview_every = preview_every
        self.count = 0
        self._start = self._last_preview = time.monotonic()
        self._last_report = 0.0

    def add_frame(self, index: int, pixels: UInt8Array) -> None:
        """A frame was stylized.

        Raises:
            Cancelled: the user wants to stop.
        """
        self.count += 1
        now = time.monotonic()
        if self.preview is not None and now - self._last_preview >= self.preview_every:
            pictures.save(pictures.as_picture(pixels), self.preview, quality=85)
            self._last_preview = now
        if now - self._last_report < MIN_REPORT_SECONDS:
            return
        self._last_report = now
        if self.reporter.cancelled():
            raise Cancelled("Stopped; no result was written.")
        message, done, seconds_left = f"frame {index + 1}", 0.0, None
        if self.info.frame_count:
            message += f" of {self.info.frame_count}"
            done = min(1.0, (index + 1) / self.info.frame_count)
            seconds_left = (now - self._start) / self.count * max(0, self.info.frame_count - index - 1)
        self.reporter.progress(done, message, seconds_left=seconds_left, preview=_to_tensor(pixels))


def _to_tensor(pixels: UInt8Array) -> Callable[[], Tensor]:
    return lambda: torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
