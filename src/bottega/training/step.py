"""What a step function is given: its number, its randomness, its share of the batch, and a way to update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.training.updates import Updates
from bottega.training.workers import Worker


@dataclass
class Step:
    """One step of a training, or with accumulation one part of it.

    >>> def train_step(step: Step) -> dict[str, Tensor]:       # a network
    ...     loss = distance(network(pictures(step)))
    ...     step.update(loss)
    ...     return {"loss": loss}

    >>> def train_step(step: Step) -> dict[str, Tensor]:       # two that play against each other
    ...     real, fake = pictures(step), generator(noise(step))
    ...     wrong = hinge(discriminator(real), discriminator(fake.detach()))
    ...     step.update(wrong, "discriminator")
    ...     fooled = -discriminator(fake).mean()                # by the discriminator that has just learned
    ...     step.update(fooled, "generator")
    ...     return {"discriminator": wrong, "generator": fooled}

    Attributes:
        number: of the step, from zero.
        generator: on the processor; seeded by the run's seed and the number, so that a resumed training
            draws the same. torch's global generator is seeded likewise (dropout draws from it).
        part, parts: with accumulation the step function runs ``parts`` times in each step.
        worker: this process: device, precision, number among several.
    """

    number: int
    generator: torch.Generator
    worker: Worker
    updates: Updates = field(repr=False)
    part: int = 0
    parts: int = 1
    updated: set[str] = field(default_factory=set, repr=False)

    def update(self, loss: Tensor, optimizer: str = "model") -> None:
        """Minimise ``loss``, the mean over this share of the batch, by one step of an optimiser.

        With accumulation the gradients' mean over all parts counts, and the weights move in the last part.
        (Of two optimisers the second has then seen the first's new weights in the last part only.)

        Raises:
            SettingsError: no optimiser has this name, the loss depends on none of its weights, or it is
                updated a second time where gradients are accumulated.
        """
        if optimizer in self.updated and self.parts > 1:
            raise SettingsError(
                f'"{optimizer}" is updated twice in one step; with accumulation it can be updated only once.'
            )
        self.updates.update(loss, optimizer, self.part, self.parts)
        self.updated.add(optimizer)

    def share(self, batch: int) -> range:
        """Positions of this part and process in a batch of ``batch``, counted over all of them.

        Data that is drawn by position is the same however the batch is cut.

        Raises:
            SettingsError: the batch cannot be cut into equal shares.
        """
        shares = self.parts * self.worker.count
        if batch % shares:
            raise SettingsError(
                f"A batch of {batch} cannot be cut into {shares} equal shares ({self.parts} parts, "
                f"{self.worker.count} processes); use a multiple of {shares}."
            )
        size, place = batch // shares, self.worker.rank * self.parts + self.part
        return range(place * size, (place + 1) * size)


StepFunction = Callable[[Step], Mapping[str, Tensor]]
"""Updates weights, and returns what the metrics show: scalars by name."""
