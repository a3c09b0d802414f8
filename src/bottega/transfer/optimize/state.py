"""Progress, result and saved state of an optimization, which resumes bit-exactly."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.errors import SettingsError
from bottega.training import load_checkpoint, save_checkpoint
from bottega.transfer.optimize.settings import OptimizeSettings


@dataclass(frozen=True)
class OptimizationProgress:
    """The argument of the progress callback, after each iteration; a callback that returns False cancels.

    Attributes:
        scale, scales: the present scale, from one, and their number.
        iteration, iterations: the present iteration, from one, and their number at this scale.
        size: ``(height, width)`` of the present scale.
        fraction: of the whole work, 0 to 1, by the number of processed pixels.
        loss: before this iteration's step.
        seconds: since the start (of this call, when it was resumed).
        seconds_left: estimate at the speed so far.
        preview: computes the present picture ``(1, 3, height, width)``; costs nothing until it is called.
    """

    scale: int
    scales: int
    iteration: int
    iterations: int
    size: tuple[int, int]
    fraction: float
    loss: float
    seconds: float
    seconds_left: float
    preview: Callable[[], Tensor]


OnProgress = Callable[[OptimizationProgress], bool | None]


@dataclass(frozen=True)
class OptimizationResult:
    """The result of an optimization.

    Attributes:
        picture: ``(1, 3, H, W)``, sRGB in [0, 1].
        losses: the loss before each iteration, one list per scale.
        cancelled: by the callback; the picture is the best so far, enlarged to its final size.
        seconds: of this call.
    """

    picture: Tensor
    losses: list[list[float]] = field(default_factory=list)
    cancelled: bool = False
    seconds: float = 0.0


class CheckpointFile:
    """Saves at intervals, and rejects checkpoints of other pictures, settings or networks.

    Args:
        path: the file; ``None`` saves nothing.
        interval: seconds between saves.
        settings, inputs, encoder: what the result depends on.
    """

    def __init__(
        self,
        path: Path | None,
        interval: float,
        settings: OptimizeSettings,
        inputs: Sequence[Tensor],
        encoder: Encoder,
    ) -> None:
        self.path, self.interval = path, interval
        self.inputs_hash = _inputs_hash(settings, inputs, encoder) if path else ""
        self.last_save = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """The saved state, or ``None`` if the file does not exist.

        Raises:
            SettingsError: it belongs to another transfer.
            WeightsError: it is damaged.
        """
        if self.path is None or not self.path.exists():
            return None
        state = load_checkpoint(self.path)
        if state.pop("inputs_hash", None) != self.inputs_hash:
            raise SettingsError(
                f"{self.path} is the checkpoint of another transfer (other pictures or settings). "
                "Use the same ones to resume, or another file to start again."
            )
        return state

    def save(self, state: Mapping[str, Any], *, now: bool = False) -> None:
        """Save if the interval is over, or ``now``."""
        if self.path and (now or time.monotonic() - self.last_save >= self.interval):
            save_checkpoint(self.path, {"inputs_hash": self.inputs_hash, **state})
            self.last_save = time.monotonic()

    def remove(self) -> None:
        """Delete the file after the last iteration."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def _inputs_hash(settings: OptimizeSettings, inputs: Sequence[Tensor], encoder: Encoder) -> str:
    digest = hashlib.sha256(settings.model_dump_json().encode())
    # The same weights give other features with another pooling.
    digest.update(f"{encoder.name} {getattr(encoder, 'pooling', None)}".encode())
    for tensor in [*inputs, *encoder.state_dict().values()]:
        digest.update(str(tuple(tensor.shape)).encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
