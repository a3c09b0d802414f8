"""Ready-made callbacks: console output, sample sheets, TensorBoard."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from bottega import runtime
from bottega.errors import SettingsError
from bottega.pictures import contact_sheet, save
from bottega.training.metrics_log import format_duration
from bottega.training.trainer import Callback, Trainer


class Console(Callback):
    """Prints each line of metrics with the time left."""

    def log(self, trainer: Trainer, line: Mapping[str, float]) -> None:
        losses = "  ".join(f"{n} {v:.4g}" for n, v in line.items() if n not in ("step", "seconds"))
        left = trainer.seconds_left
        eta = "" if left is None else f"  ({format_duration(left)} left)"
        print(f"step {trainer.global_step} of {trainer.schedule.steps}  {losses}{eta}", flush=True)

    def validate(self, trainer: Trainer, metrics: Mapping[str, float], best: bool) -> None:
        values = "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
        best_so_far = "  (best so far)" if best else ""
        print(f"validation at step {trainer.global_step}  {values}{best_so_far}", flush=True)


class SampleSheets(Callback):
    """Writes ``samples/000500.png`` … into the run's folder: always the same samples, for comparison.

    Args:
        draw: returns pictures ``(N, 3, H, W)`` in [0, 1] from a generator with a fixed seed; called with the
            averaged weights in the module, in evaluation mode and without gradients. One picture is saved as
            it is, several become a sheet, row by row.
        every: steps between two sheets; the last step always has one.
        seed: of the generator.
        columns: of the sheet; 0 makes it about square.
    """

    def __init__(
        self, draw: Callable[[torch.Generator], Tensor], every: int = 500, seed: int = 0, columns: int = 0
    ) -> None:
        self.draw, self.every, self.seed, self.columns = draw, every, seed, columns

    def step(self, trainer: Trainer, losses: Mapping[str, Tensor]) -> None:
        if trainer.global_step % self.every and trainer.global_step < trainer.schedule.steps:
            return
        with trainer.averaged_weights():
            samples = self.draw(runtime.seeded_generator(self.seed)).detach().float().clamp(0, 1).cpu()
        picture = samples if len(samples) == 1 else self._sheet(samples)
        path = trainer.run_dir / "samples" / f"{trainer.global_step:06d}.png"
        path.parent.mkdir(exist_ok=True)
        save(picture, path)
        trainer.emit(lambda callback: callback.sample(trainer, path, picture))

    def _sheet(self, samples: Tensor) -> Tensor:
        columns = self.columns or math.ceil(math.sqrt(len(samples)))
        rows = [list(samples[first : first + columns, None]) for first in range(0, len(samples), columns)]
        return contact_sheet(rows, height=samples.shape[2])


class TensorBoard(Callback):
    """Writes ``tensorboard/`` in the run's folder; view it with ``tensorboard --logdir runs``.

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
        self._writer_class = SummaryWriter

    def start(self, trainer: Trainer) -> None:
        # Steps that a killed session did after its last checkpoint are repeated: purge them.
        log_dir = str(trainer.run_dir / "tensorboard")
        self.writer = self._writer_class(log_dir, purge_step=trainer.global_step + 1)

    def log(self, trainer: Trainer, line: Mapping[str, float]) -> None:
        for name, value in line.items():
            if name != "step":
                self.writer.add_scalar(f"train/{name}", value, trainer.global_step)

    def validate(self, trainer: Trainer, metrics: Mapping[str, float], best: bool) -> None:
        for name, value in metrics.items():
            self.writer.add_scalar(f"validation/{name}", value, trainer.global_step)

    def sample(self, trainer: Trainer, path: Path, picture: Tensor) -> None:
        self.writer.add_image("samples", picture[0], trainer.global_step)

    def end(self, trainer: Trainer, stop_reason: str) -> None:
        self.writer.close()
