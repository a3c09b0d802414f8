"""The work folder of a video file: its finished segments, and the state of the stylizer after each.

``out.mp4.unfinished/`` is beside the output. A segment is finished if its state exists, which is written
last; all other files are written again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch

from bottega import weights
from bottega.errors import BottegaError, OutputError
from bottega.files import write_file
from bottega.tools.stylize.recipe import same_result
from bottega.transfer.video import StreamState
from bottega.video import SEGMENT_SUFFIX

STATE_SUFFIX = ".safetensors"
RECIPE = "recipe.json"
EMPTY = "empty"
"""Placeholder in the state of a stylizer without smoothing: a file of tensors must contain one."""


@dataclass(frozen=True)
class ResumePoint:
    """How many segments are finished, how many frames they hold, and their last frame.

    Attributes:
        segments, frames: counts.
        index, time, duration: of the last frame; without a duration it lasts as long as the frame rate says.
    """

    segments: int = 0
    frames: int = 0
    index: int = -1
    time: Fraction | None = None
    duration: Fraction | None = None


class WorkFolder:
    """The folder for the segments of one video file, ``output``."""

    def __init__(self, output: Path) -> None:
        self.path = output.with_name(f"{output.name}.unfinished")

    def open(self, recipe: Mapping[str, Any]) -> tuple[ResumePoint, StreamState, bool]:
        """Find the segments of the same recipe; those of another one are deleted.

        Returns:
            The point to resume from, the state of the stylizer there, and whether segments were deleted.

        Raises:
            OutputError: the folder cannot be created.
        """
        try:
            self.path.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(f"The folder {self.path} cannot be created: {error.strerror}.") from None
        if same_result(self._read_recipe(), dict(recipe)):
            return *self._resume_point(), False
        cleared = self.segments() != []
        self.clear()
        self.path.mkdir(exist_ok=True)
        write_file(self.path / RECIPE, json.dumps(recipe, ensure_ascii=False))
        return ResumePoint(), {}, cleared

    def segment(self, index: int) -> Path:
        """The file of a segment."""
        return self.path / f"{index:05d}{SEGMENT_SUFFIX}"

    def segments(self, count: int | None = None) -> list[Path]:
        """The files of the first ``count`` segments, or of all."""
        return sorted(self.path.glob(f"*{SEGMENT_SUFFIX}"))[:count]

    def finish(self, point: ResumePoint, state: StreamState) -> None:
        """Save the state after the last segment of ``point``."""
        metadata = {
            "frames": point.frames,
            "index": point.index,
            "time": str(point.time),
            "duration": None if point.duration is None else str(point.duration),
        }
        weights.save_file(self._state_file(point.segments - 1), state or {EMPTY: torch.zeros(1)}, metadata)

    def clear(self) -> None:
        """Delete the files of this class, and the folder if it is empty then."""
        if not self.path.is_dir():
            return
        for pattern in (f"*{SEGMENT_SUFFIX}", f"*{SEGMENT_SUFFIX}.part", f"*{STATE_SUFFIX}", RECIPE):
            for path in self.path.glob(pattern):
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def _state_file(self, index: int) -> Path:
        return self.path / f"{index:05d}{STATE_SUFFIX}"

    def _read_recipe(self) -> dict[str, Any] | None:
        try:
            recipe = json.loads((self.path / RECIPE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return recipe if isinstance(recipe, dict) else None

    def _resume_point(self) -> tuple[ResumePoint, StreamState]:
        count = 0
        while self._state_file(count).exists() and self.segment(count).exists():
            count += 1
        while count:
            try:
                state, metadata = weights.load_file(self._state_file(count - 1))
            except BottegaError:  # damaged: that segment is stylized again
                count -= 1
                continue
            state.pop(EMPTY, None)
            duration = metadata["duration"]
            return ResumePoint(
                count,
                metadata["frames"],
                metadata["index"],
                Fraction(metadata["time"]),
                None if duration is None else Fraction(duration),
            ), state
        return ResumePoint(), {}
