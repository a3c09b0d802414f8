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

    def frame(self, number: int, pixels: UInt8Array) -> None:
        """A frame was painted.

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
        done, left = self._done(number, now - self._start)
        count = "" if self.info.frame_count is None else f" of {self.info.frame_count}"
        self.report.progress(
            done, f"frame {number + 1}{count}", seconds_left=left, preview=_tensor_of(pixels)
        )

    def _done(self, number: int, seconds: float) -> tuple[float, float | None]:
        """The fraction done, and the seconds that are left where the length is known."""
        if not self.info.frame_count:
            return 0.0, None
        done = min(1.0, (number + 1) / self.info.frame_count)
        remaining = max(0, self.info.frame_count - number - 1)
        return done, seconds / self.painted * remaining

    @property
    def speed(self) -> float:
        """Frames per second so far."""
        return self.painted / max(time.monotonic() - self._start, 1e-9)


def _tensor_of(pixels: UInt8Array) -> Callable[[], Tensor]:
    return lambda: torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
