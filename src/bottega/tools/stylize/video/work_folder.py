"""The work folder of a film: its finished segments, and what each left behind for the next one.

``out.mp4.unfinished/`` lies beside the output. A segment counts as finished when its memory is there, which
is written last; whatever else is there is written again.
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
from bottega.tools.stylize.recipe import same_picture
from bottega.transfer.video import Memory
from bottega.video import SEGMENT_SUFFIX

MEMORY_SUFFIX = ".safetensors"
RECIPE = "recipe.json"
NOTHING = "nothing"  # where frames are painted each by itself; a file of tensors must hold one


@dataclass(frozen=True)
class Reached:
    """How far the work has come: how many segments, and the last frame in them."""

    segments: int = 0
    number: int = -1
    time: Fraction | None = None


class WorkFolder:
    """Where the segments of one film wait for each other.

    Args:
        output: the film that is to be written.

    Raises:
        OutputError: the folder cannot be made.
    """

    def __init__(self, output: Path) -> None:
        self.path = output.with_name(f"{output.name}.unfinished")

    def open(self, recipe: Mapping[str, Any]) -> tuple[Reached, Memory, bool]:
        """What is there of the same work; anything else is cleared away.

        Returns:
            How far it came, the memory to go on with, and whether something else was cleared away.
        """
        try:
            self.path.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(f"The folder {self.path} cannot be made: {error.strerror}.") from None
        before = self._recipe()
        if before is not None and same_picture(before, dict(recipe)):
            reached, memory = self._reached()
            return reached, memory, False
        cleared = self.segments(10**9) != []
        self.clear()
        self.path.mkdir(exist_ok=True)
        write_file(self.path / RECIPE, json.dumps(recipe, ensure_ascii=False).encode())
        return Reached(), {}, cleared

    def segment(self, number: int) -> Path:
        """Where a segment goes."""
        return self.path / f"{number:05d}{SEGMENT_SUFFIX}"

    def segments(self, count: int) -> list[Path]:
        """The files of the first ``count`` segments."""
        return sorted(self.path.glob(f"*{SEGMENT_SUFFIX}"))[:count]

    def finish(self, number: int, memory: Memory, last: int, time: Fraction) -> None:
        """Note that a segment is finished, and what the next one needs."""
        facts = {"number": last, "time": [time.numerator, time.denominator]}
        weights.save(self._memory(number), memory or {NOTHING: torch.zeros(1)}, facts)

    def clear(self) -> None:
        """Remove what this work put there, and the folder where nothing else is in it."""
        if not self.path.is_dir():
            return
        for pattern in (f"*{SEGMENT_SUFFIX}", f"*{SEGMENT_SUFFIX}.part", f"*{MEMORY_SUFFIX}", RECIPE):
            for path in self.path.glob(pattern):
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def _memory(self, number: int) -> Path:
        return self.path / f"{number:05d}{MEMORY_SUFFIX}"

    def _recipe(self) -> dict[str, Any] | None:
        try:
            found = json.loads((self.path / RECIPE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _reached(self) -> tuple[Reached, Memory]:
        count = 0
        while self._memory(count).exists() and self.segment(count).exists():
            count += 1
        while count:
            try:
                memory, facts = weights.read(self._memory(count - 1))
            except BottegaError:  # damaged: that segment is painted again
                count -= 1
                continue
            time = Fraction(*facts["time"])
            memory.pop(NOTHING, None)
            return Reached(count, int(facts["number"]), time), memory
        return Reached(), {}
