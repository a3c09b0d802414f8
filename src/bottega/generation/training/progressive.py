"""Progressive training: composition is learned on small pictures, which cost little.

After Karras et al. 2018 ("Progressive Growing of GANs"). Differs: nothing is faded in; the generator's finer
levels start by adding nothing to the upsampled picture, and the discriminators of smaller pictures stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from bottega.errors import SettingsError
from bottega.training import Callback, Step, Trainer


class ProgressiveSchedule(nn.Module):
    """The side of the pictures at each step. It never decreases, even if the training is lengthened.

    Args:
        sides: small to large.
        share: of the training, in [0, 1), divided evenly among all sides but the last.
        progress: maps a step to the share of the training, in [0, 1], that is done before it.
    """

    def __init__(self, sides: Sequence[int], share: float, progress: Callable[[int], float]) -> None:
        super().__init__()
        if not 0 <= share < 1:
            raise SettingsError(
                f"The share of the training for smaller pictures is {share}; use 0 to below 1."
            )
        self.sides = tuple(sides) if share else tuple(sides)[-1:]
        self.share, self.progress = share, progress
        self.register_buffer("side", torch.tensor(self.sides[0]))

    @property
    def at_full_size(self) -> bool:
        """Whether the pictures have their final side."""
        return int(self.get_buffer("side")) == self.sides[-1]

    def forward(self, step: Step) -> int:
        """The side at ``step``, the same in all processes."""
        smaller = len(self.sides) - 1
        index = int(self.progress(step.index) * smaller / self.share) if smaller else 0
        side = self.get_buffer("side")
        side.fill_(int(step.context.max(max(int(side), self.sides[min(index, smaller)]))))
        return int(side)


class SkipEarlyValidation(Callback):
    """Until the pictures have their final side, the latest weights are the best, and patience does not count.

    Small pictures score worse, but are only the way to the large ones.
    """

    def __init__(self, progressive: ProgressiveSchedule) -> None:
        self.progressive = progressive

    def validate(self, trainer: Trainer, metrics: Mapping[str, float], best: bool) -> None:
        if trainer.validation is not None and not self.progressive.at_full_size:
            trainer.validation.best, trainer.validation.without_improvement = None, 0
