"""What one update of weights is: backward, average, clip, look for alarm, step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bottega.errors import SettingsError
from bottega.training.schedules import Schedule
from bottega.training.workers import Worker


class NotFiniteError(ArithmeticError):
    """A loss or a gradient is infinite or not a number; the weights were not touched."""


class Updates:
    """Carries out the updates of all optimisers.

    Args:
        optimizers: by name; the learning rates that they have now are the peaks of the schedule.
        schedule: of the learning rates, the same for all optimisers.
        worker: averages gradients over processes.
        clip: largest norm of each optimiser's gradient; None does not clip.
    """

    def __init__(
        self,
        optimizers: Mapping[str, Optimizer],
        schedule: Schedule,
        worker: Worker,
        clip: float | None,
    ) -> None:
        self.optimizers, self.schedule = optimizers, schedule
        self.worker, self.clip = worker, clip
        self.peaks = {
            name: [group["lr"] for group in optimizer.param_groups] for name, optimizer in optimizers.items()
        }

    def set_rates(self, step: int) -> None:
        """Give all parameter groups their learning rates for ``step``."""
        factor = self.schedule.factor(step)
        for name, optimizer in self.optimizers.items():
            for group, peak in zip(optimizer.param_groups, self.peaks[name], strict=True):
                group["lr"] = peak * factor

    def update(self, loss: Tensor, name: str, part: int, parts: int) -> None:
        """Add the gradient of one part of a batch; after the last part move the weights.

        Only the optimiser's own parameters get gradients, so that the losses of two networks that play
        against each other do not mix.

        Raises:
            SettingsError: no optimiser has this name, or the loss depends on none of its weights.
            NotFiniteError: the loss or the gradient is not finite.
        """
        optimizer = self._named(name)
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        if part == 0:
            optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss / parts if parts > 1 else loss, inputs=parameters)
        if part < parts - 1:
            return
        self.worker.average_gradients(parameters)
        if all(parameter.grad is None for parameter in parameters):
            raise SettingsError(f'The loss given to the optimiser "{name}" depends on none of its weights.')
        limit = float("inf") if self.clip is None else self.clip
        norm = nn.utils.clip_grad_norm_(parameters, limit)
        good = bool((norm + loss.detach().to(norm)).isfinite())
        if self.worker.highest(int(not good)):
            raise NotFiniteError
        optimizer.step()

    def _named(self, name: str) -> Optimizer:
        if name not in self.optimizers:
            known = ", ".join(self.optimizers)
            raise SettingsError(f'The step function updates "{name}", but the optimisers are: {known}.')
        return self.optimizers[name]
