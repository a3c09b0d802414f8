"""Curves and samples in TensorBoard, where it is installed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from bottega.errors import SettingsError
from bottega.training.callbacks import Callback
from bottega.training.loop import Loop


class TensorBoard(Callback):
    """Writes ``tensorboard/`` in the run's folder; look at it with ``tensorboard --logdir runs``.

    Raises:
        SettingsError: TensorBoard is not installed.
    """

    def __init__(self) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise SettingsError(
                "TensorBoard is not installed; install it with: pip install 'bottega[train]'."
            ) from None
        self._build = SummaryWriter

    def start(self, loop: Loop) -> None:
        # What a killed session wrote after its last checkpoint is done again.
        self.writer = self._build(str(loop.run / "tensorboard"), purge_step=loop.done + 1)

    def log(self, loop: Loop, line: Mapping[str, float]) -> None:
        for name, value in line.items():
            if name != "step":
                self.writer.add_scalar(f"train/{name}", value, loop.done)

    def validate(self, loop: Loop, measures: Mapping[str, float], best: bool) -> None:
        for name, value in measures.items():
            self.writer.add_scalar(f"validation/{name}", value, loop.done)

    def sample(self, loop: Loop, path: Path, picture: Tensor) -> None:
        self.writer.add_image("samples", picture[0], loop.done)

    def end(self, loop: Loop, ending: str) -> None:
        self.writer.close()
