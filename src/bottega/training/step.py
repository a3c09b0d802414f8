"""One training step: what the step function receives, and how an optimizer updates the weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bottega.errors import SettingsError
from bottega.training.distributed import ProcessContext
from bottega.training.schedules import Schedule


class NonFiniteError(ArithmeticError):
    """A loss or a gradient is infinite or NaN; the weights were not changed."""


class OptimizerStep:
    """Backward pass, gradient averaging and clipping, check for NaN, optimizer step.

    Args:
        optimizers: by name; their current learning rates are the peaks of the schedule.
        schedule: of the learning rates, the same for all optimizers.
        context: averages gradients over processes.
        max_grad_norm: gradient norm of each optimizer's parameters is clipped to this; None does not clip.
    """

    def __init__(
        self,
        optimizers: Mapping[str, Optimizer],
        schedule: Schedule,
        context: ProcessContext,
        max_grad_norm: float | None,
    ) -> None:
        self.optimizers, self.schedule = optimizers, schedule
        self.context, self.max_grad_norm = context, max_grad_norm
        self.peak_rates = {
            name: [group["lr"] for group in optimizer.param_groups] for name, optimizer in optimizers.items()
        }

    def set_learning_rates(self, step: int) -> None:
        """Set the learning rate of every parameter group for ``step``."""
        factor = self.schedule.factor(step)
        for name, optimizer in self.optimizers.items():
            for group, peak in zip(optimizer.param_groups, self.peak_rates[name], strict=True):
                group["lr"] = peak * factor

    def update(self, loss: Tensor, name: str, micro_step: int, accumulation_steps: int) -> None:
        """Accumulate the gradient of one micro-batch; after the last one, move the weights.

        Only the optimizer's own parameters get gradients, so that the losses of adversarial networks do not
        mix.

        Raises:
            SettingsError: unknown optimizer, or the loss depends on none of its weights.
            NonFiniteError: the loss or the gradient is infinite or NaN.
        """
        if name not in self.optimizers:
            names = ", ".join(self.optimizers)
            raise SettingsError(f'The step function updates "{name}", but the optimizers are: {names}.')
        optimizer = self.optimizers[name]
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        if micro_step == 0:
            optimizer.zero_grad(set_to_none=True)
        scaled = loss / accumulation_steps if accumulation_steps > 1 else loss
        torch.autograd.backward(scaled, inputs=parameters)
        if micro_step < accumulation_steps - 1:
            return
        self.context.average_gradients(parameters)
        if all(parameter.grad is None for parameter in parameters):
            raise SettingsError(f'The loss for the optimizer "{name}" depends on none of its weights.')
        limit = float("inf") if self.max_grad_norm is None else self.max_grad_norm
        norm = nn.utils.clip_grad_norm_(parameters, limit)
        finite = bool((norm + loss.detach().to(norm)).isfinite())
        if self.context.max(float(not finite)):  # one process with NaN stops all of them
            raise NonFiniteError
        optimizer.step()


@dataclass
class Step:
    """One step of a training or, with gradient accumulation, one micro-batch of it.

    >>> def train_step(step: Step) -> dict[str, Tensor]:       # one network
    ...     loss = distance(network(images(step)))
    ...     step.update(loss)
    ...     return {"loss": loss}

    >>> def train_step(step: Step) -> dict[str, Tensor]:       # a GAN
    ...     real, fake = images(step), generator(noise(step))
    ...     d_loss = hinge(discriminator(real), discriminator(fake.detach()))
    ...     step.update(d_loss, "discriminator")
    ...     g_loss = -discriminator(fake).mean()                # by the discriminator just updated
    ...     step.update(g_loss, "generator")
    ...     return {"discriminator": d_loss, "generator": g_loss}

    Attributes:
        index: of the step, from zero.
        generator: on the CPU; seeded by the run's seed and the index, so that a resumed training draws the
            same numbers. torch's global generator, from which dropout draws, is seeded likewise.
        context: this process: device, precision, rank.
        micro_step, accumulation_steps: the step function runs ``accumulation_steps`` times in each step.
    """

    index: int
    generator: torch.Generator
    context: ProcessContext
    optimizer_step: OptimizerStep = field(repr=False)
    micro_step: int = 0
    accumulation_steps: int = 1
    updated: set[str] = field(default_factory=set, repr=False)

    def update(self, loss: Tensor, optimizer: str = "model") -> None:
        """Minimize ``loss``, the mean over this share of the batch, by one step of an optimizer.

        With accumulation, gradients are averaged over all micro-batches, and the weights move in the last
        one. (Of two optimizers, the second sees the first's new weights in the last micro-batch only.)

        Raises:
            SettingsError: unknown optimizer, the loss depends on none of its weights, or it is updated a
                second time while gradients are accumulated.
        """
        if optimizer in self.updated and self.accumulation_steps > 1:
            raise SettingsError(
                f'"{optimizer}" is updated twice in one step; with accumulation it can be updated only once.'
            )
        self.optimizer_step.update(loss, optimizer, self.micro_step, self.accumulation_steps)
        self.updated.add(optimizer)

    def batch_indices(self, batch_size: int) -> range:
        """Positions, in a batch of ``batch_size``, that this process and micro-batch computes.

        Data that depends on the position alone is the same however the batch is divided.

        Raises:
            SettingsError: the batch cannot be divided evenly.
        """
        shares = self.accumulation_steps * self.context.world_size
        if batch_size % shares:
            raise SettingsError(
                f"A batch of {batch_size} cannot be divided into {shares} equal shares "
                f"({self.accumulation_steps} micro-batches, {self.context.world_size} processes); "
                f"use a multiple of {shares}."
            )
        size = batch_size // shares
        share = self.context.rank * self.accumulation_steps + self.micro_step
        return range(share * size, (share + 1) * size)


StepFunction = Callable[[Step], Mapping[str, Tensor]]
"""Update weights, and return the scalars to log, by name."""
