"""The saved state of a transfer, so that a killed one goes on bit-exactly."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.errors import SettingsError
from bottega.training import load_checkpoint, save_checkpoint
from bottega.transfer.optimize.optimizers import Solver
from bottega.transfer.optimize.settings import OptimizeSettings


class CheckpointFile:
    """Saves at intervals, and refuses to resume the work of other pictures, settings or networks.

    Args:
        path: the file; none saves nothing.
        every: seconds between saves.
        settings, inputs, encoder: what the result depends on.
    """

    def __init__(
        self,
        path: Path | None,
        every: float,
        settings: OptimizeSettings,
        inputs: Sequence[Tensor],
        encoder: Encoder,
    ) -> None:
        self.path, self.every = path, every
        self.fingerprint = _fingerprint(settings, inputs, encoder) if path else ""
        self.saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """The saved state, or none where there is no file yet.

        Raises:
            SettingsError: it belongs to another transfer.
            WeightsError: it is damaged.
        """
        if self.path is None or not self.path.exists():
            return None
        state = load_checkpoint(self.path)
        if state.pop("fingerprint", None) != self.fingerprint:
            raise SettingsError(
                f"{self.path} is the saved state of another transfer (other pictures or settings); "
                "give the same ones to go on, or another file to start anew."
            )
        return state

    def save(
        self,
        scale: int,
        iteration: int,
        solver: Solver,
        average: Tensor,
        losses: list[list[float]],
        *,
        now: bool = False,
    ) -> None:
        """Save if it is time, or ``now``."""
        if self.path is None or not (now or time.monotonic() - self.saved >= self.every):
            return
        save_checkpoint(
            self.path,
            {
                "fingerprint": self.fingerprint,
                "scale": scale,
                "iteration": iteration,
                "solver": solver.state(),
                "average": average,
                "losses": losses,
            },
        )
        self.saved = time.monotonic()

    def remove(self) -> None:
        """The work is done; nothing is left to resume."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def _fingerprint(settings: OptimizeSettings, inputs: Sequence[Tensor], encoder: Encoder) -> str:
    digest = hashlib.sha256(settings.model_dump_json().encode())
    # The same weights see other things with another pooling.
    digest.update(f"{encoder.name} {getattr(encoder, 'pooling', None)}".encode())
    for tensor in [*inputs, *encoder.state_dict().values()]:
        digest.update(str(tuple(tensor.shape)).encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Progress:
    """The state after one iteration, handed to the callback; a callback that returns False cancels.

    Attributes:
        scale, scales: the present scale, from one, and how many there are.
        iteration, iterations: the present iteration, from one, and how many this scale has.
        size: ``(height, width)`` of the present scale.
        done: share of the whole work, 0 to 1, by the number of pixels touched.
        loss: before this iteration's step.
        seconds: since the start (of this call, when it was resumed).
        seconds_left: what remains at the pace so far.
        preview: makes the present picture ``(1, 3, height, width)``; costs nothing until it is called.
    """

    scale: int
    scales: int
    iteration: int
    iterations: int
    size: tuple[int, int]
    done: float
    loss: float
    seconds: float
    seconds_left: float
    preview: Callable[[], Tensor]


OnProgress = Callable[[Progress], bool | None]


@dataclass(frozen=True)
class Result:
    """What a transfer gives.

    Attributes:
        picture: ``(1, 3, H, W)``, sRGB in [0, 1].
        losses: the loss before each iteration, one list per scale.
        cancelled: the callback said stop; the picture is the best so far, enlarged to its final size.
        seconds: of this call.
    """

    picture: Tensor
    losses: list[list[float]] = field(default_factory=list)
    cancelled: bool = False
    seconds: float = 0.0
