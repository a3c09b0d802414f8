"""The base class of all style transfer methods, and what they receive: one request per picture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bottega import runtime
from bottega.errors import Cancelled
from bottega.pictures import Picture
from bottega.tools.common.image_sources import BUNDLED_STYLE_SIZE, TrainedSource
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.stylize.methods.registry import METHODS
from bottega.tools.stylize.plan import Plan
from bottega.tools.stylize.settings import TransferSettings
from bottega.transfer.regions import Region


@dataclass(frozen=True)
class SideOutputs:
    """Files that are written while a picture is stylized.

    Attributes:
        preview: the unfinished picture, every ``preview_every`` seconds.
        checkpoint: the unfinished optimization, which resumes from it if it exists.
    """

    preview: Path | None = None
    preview_every: float = 10.0
    checkpoint: Path | None = None


@dataclass(frozen=True)
class StylizeRequest:
    """One picture to stylize.

    Attributes:
        plan: what the regions were made from.
        regions: with masks of the content's size, which may overlap and leave gaps.
        size: ``(height, width)`` of the result.
    """

    plan: Plan
    content: Picture
    regions: Sequence[Region]
    size: tuple[int, int]
    reporter: ProgressReporter
    side_outputs: SideOutputs

    def check_cancelled(self) -> None:
        """Called between steps.

        Raises:
            Cancelled: the user wants to stop.
        """
        if self.reporter.cancelled():
            raise Cancelled("Stopped; no result was written.")


class Method(ABC):
    """A style transfer method with settings, ready to stylize any number of pictures.

    Networks are loaded when they are first needed.

    Attributes:
        requested: the settings, with device, threads and size resolved.
        device: of the networks.

    Raises:
        SettingsError, ResourceError: the device is not available.
    """

    def __init__(self, settings: TransferSettings) -> None:
        self.spec = METHODS[settings.method]
        self.device = runtime.select_device(settings.device)
        resolved = {
            "device": str(self.device),
            "threads": runtime.set_threads(settings.threads),
            "size": self.spec.default_size if settings.size is None else settings.size,
        }
        self.requested = settings.model_copy(update=resolved)

    @cached_property
    def settings(self) -> TransferSettings:
        """The settings that are really used instead of "auto"; may load the network to find out."""
        return self.requested

    @property
    def fixed_styles(self) -> Sequence[str] | None:
        """The styles that the network has; None if any picture can be a style."""
        return None

    @property
    def only_style(self) -> TrainedSource | None:
        """The style of a method that has a single one."""
        return None

    @abstractmethod
    def weights(self, folder: Path) -> dict[str, dict[str, Any]]:
        """For each of ``spec.networks`` a record: name, sha256, its path relative to a folder.

        Raises:
            WeightsError: they are missing.
        """

    def bundled_style_size(self, scale: float) -> int:
        """Side at which a bundled style is drawn, in pixels; ``scale`` is that of its strokes."""
        return BUNDLED_STYLE_SIZE

    def notes(self, request: StylizeRequest, styles: Sequence[Picture]) -> Iterator[str]:
        """What the user should know before; ``styles`` are the plan's."""
        yield from ()

    @abstractmethod
    def memory_needed(self, request: StylizeRequest) -> float:
        """Estimated peak memory in bytes."""

    @abstractmethod
    def stylize(self, request: StylizeRequest) -> Tensor | NDArray[np.uint8]:
        """The result: ``(1, 3, h, w)`` in [0, 1], or 8-bit samples ``(h, w, 3)``.

        Raises:
            Cancelled: the user wants to stop.
        """


def result_size(height: int, width: int, long_side: int) -> tuple[int, int]:
    """``(height, width)`` of a result whose long side has so many pixels; 0 keeps the content's."""
    factor = long_side / max(height, width) if long_side else 1
    return max(1, round(height * factor)), max(1, round(width * factor))
