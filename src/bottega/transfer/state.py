"""The saved state of a transfer, so that a killed one goes on bit-exactly."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.errors import SettingsError
from bottega.training import load_checkpoint, save_checkpoint
from bottega.transfer.settings import OptimizeSettings
from bottega.transfer.solvers import Solver


class StateFile:
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
