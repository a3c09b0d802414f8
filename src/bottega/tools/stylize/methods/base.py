"""What a method of painting is, and what one that is ready can do. Importing this never loads torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import Cancelled, SettingsError
from bottega.tools.stylize.style_spec import StyleNames

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from bottega.pictures import Picture
    from bottega.tools.common.image_sources import TrainedSource
    from bottega.tools.common.progress import ProgressReporter
    from bottega.tools.stylize.plan import Plan
    from bottega.tools.stylize.settings import PaintSettings
    from bottega.transfer.regions import Region

COMMON = frozenset(
    {"method", "compare", "size", "feather", "device", "threads", "quality", "bits"}
    | {"content", "region", "leave", "output", "overwrite", "sheet"}
    | {"temporal", "frames", "frame_rate", "codec", "preview", "preview_every"}
)
"""Settings that every method honours."""


@dataclass(frozen=True)
class Method:
    """One way to paint.

    Attributes:
        name: as typed after ``--method``.
        summary: for the help text, a few words.
        open: a stylizer with these settings; cheap, networks are loaded when they are first needed.
        takes: settings that it honours besides :data:`COMMON`; whatever is not named is refused.
        reason: why it refuses a setting, as the end of a sentence that begins with its name.
        reasons: the same for single settings.
        networks: what a recipe must know the hash of: "encoder", "model".
        size: long side of the result where none is asked for, in pixels; 0 is the content's own.
    """

    name: str
    summary: str
    open: Callable[[PaintSettings], Stylizer]
    takes: frozenset[str]
    reason: str
    reasons: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ("model",)
    size: int = 0

    def honours(self, setting: str) -> bool:
        """Whether the setting does something here."""
        return setting in COMMON or setting in self.takes


def refuse_foreign(chosen: Sequence[Method], given: Iterable[str], every: Iterable[Method]) -> None:
    """Refuse settings that none of the chosen methods honours.

    Raises:
        SettingsError: which setting, which methods it is for, and why not here.
    """
    for setting in given:
        if any(method.honours(setting) for method in chosen):
            continue
        names = [method.name for method in every if method.honours(setting)]
        whose = (
            f"the methods {', '.join(names[:-1])} and {names[-1]}" if names[1:] else f"the method {names[0]}"
        )
        why = chosen[0].reasons.get(setting, chosen[0].reason)
        raise SettingsError(f"--{setting.replace('_', '-')} is for {whose}; {chosen[0].name} {why}.")


@dataclass(frozen=True)
class Extras:
    """Files that are written while one picture is painted.

    Args:
        preview: where the unfinished picture goes, every ``preview_every`` seconds.
        state: where the state of the work is kept; the work continues from it where it exists.
    """

    preview: Path | None = None
    preview_every: float = 10.0
    state: Path | None = None


@dataclass(frozen=True)
class Task:
    """One picture to paint.

    Attributes:
        plan: what the regions were made from.
        content: the picture.
        regions: with masks as large as the content, which may overlap and leave something.
        size: ``(height, width)`` of the result.
        report: is told, and asked whether to stop.
        extras: files to be written on the way.
    """

    plan: Plan
    content: Picture
    regions: Sequence[Region]
    size: tuple[int, int]
    report: ProgressReporter
    extras: Extras

    def stop_if_asked(self) -> None:
        """Between two steps.

        Raises:
            Cancelled: the report asked for it.
        """
        if self.report.cancelled():
            raise Cancelled("Stopped; no result was written.")


class Stylizer(ABC):
    """A method with settings, ready to paint any number of pictures.

    Args:
        method: whose settings they are.
        settings: device, threads and size are resolved at once, the rest when networks are loaded.

    Raises:
        SettingsError, ResourceError: the device is not to be had.
    """

    names = StyleNames()
    """What the words of ``--style`` may be."""

    def __init__(self, method: Method, settings: PaintSettings) -> None:
        from bottega import runtime

        self.method = method
        self.device = runtime.device(settings.device)
        resolved = {
            "device": str(self.device),
            "threads": runtime.set_threads(settings.threads),
            "size": method.size if settings.size is None else settings.size,
        }
        self.asked = settings.model_copy(update=resolved)

    @property
    def only_style(self) -> TrainedSource | None:
        """The style of a method that has but one."""
        return None

    @cached_property
    def settings(self) -> PaintSettings:
        """With what is really used in place of "auto"; loads the network where only that knows."""
        return self.asked

    @abstractmethod
    def weights(self, folder: Path) -> dict[str, dict[str, Any]]:
        """For each of the method's ``networks`` a record: name, sha256, its path as seen from a folder."""

    @abstractmethod
    def bundled_side(self, scale: float) -> int:
        """How large a bundled style is to be painted, in pixels; ``scale`` is that of its strokes."""

    def notes(self, task: Task, styles: Sequence[Picture]) -> Iterator[str]:
        """What the visitor should know before; ``styles`` are the plan's."""
        yield from ()

    @abstractmethod
    def memory_needed(self, task: Task) -> float:
        """About how many bytes it takes at the peak."""

    @abstractmethod
    def paint(self, task: Task) -> Tensor | NDArray[np.uint8]:
        """The picture: ``(1, 3, h, w)`` in [0, 1], or 8-bit samples ``(h, w, 3)``.

        Raises:
            Cancelled: the report asked for it.
        """


def result_size(height: int, width: int, long_side: int) -> tuple[int, int]:
    """``(height, width)`` of a result whose long side has so many pixels; 0 keeps the content's."""
    factor = long_side / max(height, width) if long_side else 1
    return max(1, round(height * factor)), max(1, round(width * factor))
