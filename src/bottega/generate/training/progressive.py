"""Pictures that grow in the course of a training: on small ones, which cost little, is learned what is where.

After Karras et al. 2018 ("Progressive Growing of GANs"). Differs: nothing is faded in; the generator's finer
layers begin by adding nothing to the enlarged picture, and the parts of the discriminator that judge the
smaller pictures stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from bottega.errors import SettingsError
from bottega.training import Callback, Step, Trainer


class Growth(nn.Module):
    """The side of the pictures that are learned now. It never falls, whatever a training is lengthened to.

    Args:
        sides: small to large.
        share: of the training, in [0, 1), that goes evenly to all sides but the last.
        progress: share of the training, in [0, 1], that is done before the step of a number.
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

    def forward(self, step: Step) -> int:
        """The side at ``step``; of several processes the one that is farthest decides for all."""
        smaller = len(self.sides) - 1
        number = int(self.progress(step.index) * smaller / self.share) if smaller else 0
        side = self.get_buffer("side")
        side.fill_(step.context.max(max(int(side), self.sides[min(number, smaller)])))
        return int(side)


class NotYet(Callback):
    """Until the pictures have their whole side, the best is the latest, and patience waits.

    Small ones can get no better than small, and are not what is wanted in the end.
    """

    def __init__(self, growth: Growth) -> None:
        self.growth = growth

    def validate(self, loop: Trainer, measures: Mapping[str, float], best: bool) -> None:
        if loop.validation is not None and int(self.growth.get_buffer("side")) < self.growth.sides[-1]:
            loop.validation.best, loop.validation.without_improvement = None, 0
