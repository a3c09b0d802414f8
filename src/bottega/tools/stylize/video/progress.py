"""What is told while a clip is painted: how far, how long still, what it looks like."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from bottega import pictures
from bottega.errors import Cancelled
from bottega.tools.common.progress import ProgressReporter
from bottega.video import Bytes, ClipInfo

SELDOM = 0.1
"""Seconds between two reports; a frame may take far less."""


class Teller:
    """Reports frames, writes previews now and then, and stops the work when asked to.

    Args:
        begun_at: number of frames that were painted before, when the work goes on.
        preview: file for the frame that was painted last, every ``preview_every`` seconds.
    """

    def __init__(
        self,
        report: ProgressReporter,
        info: ClipInfo,
        begun_at: int = 0,
        *,
        preview: Path | None = None,
        preview_every: float = 10.0,
    ) -> None:
        self.report = report
        self.info = info
        self.begun_at = begun_at
        self.preview = preview
        self.preview_every = preview_every
        self.painted = 0
        self._start = self._last_preview = time.monotonic()
        self._last = 0.0

    def frame(self, number: int, pixels: Bytes) -> None:
        """A frame was painted.

        Raises:
            Cancelled: the report asked for it.
        """
        self.painted += 1
        now = time.monotonic()
        if self.preview is not None and now - self._last_preview >= self.preview_every:
            pictures.save(pictures.as_picture(pixels), self.preview, quality=85)
            self._last_preview = now
        if now - self._last < SELDOM:
            return
        self._last = now
        if self.report.cancelled():
            raise Cancelled("Stopped; no result was written.")
        done, left = self._done(number, now - self._start)
        count = "" if self.info.count is None else f" of {self.info.count}"
        self.report.progress(
            done, f"frame {number + 1}{count}", seconds_left=left, preview=_tensor_of(pixels)
        )

    def _done(self, number: int, seconds: float) -> tuple[float, float | None]:
        """The fraction done, and the seconds that are left where the length is known."""
        if not self.info.count:
            return 0.0, None
        done = min(1.0, (number + 1) / self.info.count)
        remaining = max(0, self.info.count - number - 1)
        return done, seconds / self.painted * remaining

    @property
    def speed(self) -> float:
        """Frames per second so far."""
        return self.painted / max(time.monotonic() - self._start, 1e-9)


def _tensor_of(pixels: Bytes) -> Callable[[], Tensor]:
    return lambda: torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
