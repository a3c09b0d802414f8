"""Sample sheets while a network learns: always the same samples, so that they can be compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from bottega import runtime
from bottega.pictures import save, sheet
from bottega.training.callbacks import Callback
from bottega.training.loop import Loop


class Samples(Callback):
    """Writes ``samples/000500.png`` … into the run's folder.

    Args:
        draw: gives pictures ``(N, 3, H, W)`` in [0, 1] from a generator with a fixed seed; called with the
            averaged weights in the module, in evaluation mode and without gradients. One picture is saved as
            it is, more become a sheet, row by row.
        every: steps between two sheets; the last step always has one.
        seed: of the generator.
        columns: of the sheet; 0 makes it about square.
    """

    def __init__(
        self, draw: Callable[[torch.Generator], Tensor], every: int = 500, seed: int = 0, columns: int = 0
    ) -> None:
        self.draw, self.every, self.seed, self.columns = draw, every, seed, columns

    def step(self, loop: Loop, losses: Mapping[str, Tensor]) -> None:
        if loop.done % self.every and loop.done < loop.schedule.steps:
            return
        with loop.averaged():
            drawn = self.draw(runtime.seeded(self.seed)).detach().float().clamp(0, 1).cpu()
        picture = drawn if len(drawn) == 1 else self._sheet(drawn)
        path = loop.run / "samples" / f"{loop.done:06d}.png"
        path.parent.mkdir(exist_ok=True)
        save(picture, path)
        loop.emit(lambda callback: callback.sample(loop, path, picture))

    def _sheet(self, drawn: Tensor) -> Tensor:
        columns = self.columns or math.ceil(math.sqrt(len(drawn)))
        rows = [list(drawn[first : first + columns, None]) for first in range(0, len(drawn), columns)]
        return sheet(rows, height=drawn.shape[2])
