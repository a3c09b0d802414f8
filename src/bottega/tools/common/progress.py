"""How a tool reports its progress, and how it learns that the user cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class ProgressReporter:
    """Receives progress and notes from a tool. This base class ignores both; interfaces override its methods.

    Any method may also end the work by raising :class:`~bottega.errors.Cancelled`.
    """

    def progress(
        self,
        done: float,
        message: str = "",
        *,
        seconds_left: float | None = None,
        preview: Callable[[], Tensor] | None = None,
    ) -> None:
        """Reports how much of the work is done.

        Args:
            done: fraction in [0, 1].
            message: what is being done now.
            seconds_left: estimate.
            preview: returns the current picture, (1, 3, H, W) sRGB in [0, 1]; costs nothing until called.
        """

    def note(self, message: str) -> None:
        """Reports something that the user should know but that is not an error."""

    def cancelled(self) -> bool:
        """Whether the user wants the work to stop; tools check this between steps."""
        return False


@dataclass(frozen=True)
class SubProgress(ProgressReporter):
    """Reports one part of some work as the range from ``start`` to ``end`` of the whole."""

    whole: ProgressReporter
    start: float
    end: float
    label: str
    """Precedes every message."""

    def progress(
        self,
        done: float,
        message: str = "",
        *,
        seconds_left: float | None = None,
        preview: Callable[[], Tensor] | None = None,
    ) -> None:
        message = f"{self.label}: {message}" if message else self.label
        whole_done = self.start + (self.end - self.start) * done
        whole_left = None
        if seconds_left is not None and done < 1:
            # The rest of the whole goes at the pace of this part.
            whole_left = seconds_left * (1 - whole_done) / ((self.end - self.start) * (1 - done))
        self.whole.progress(whole_done, message, seconds_left=whole_left, preview=preview)

    def note(self, message: str) -> None:
        self.whole.note(message)

    def cancelled(self) -> bool:
        return self.whole.cancelled()
