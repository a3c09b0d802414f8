"""The training loop: it counts steps, saves, resumes and tells; it knows no model.

Randomness is a function of (seed, step), so that a run that was killed and resumed sees exactly what an
uninterrupted one sees.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from bottega.training.checkpoint import load_checkpoint, save_checkpoint

Step = Callable[[int, torch.Generator], Mapping[str, Tensor]]


@dataclass
class Schedule:
    """Learning rate: linear warm-up, a plateau, and a linear fall to zero at the end (trapezoid)."""

    peak: float
    steps: int
    warmup: int = 100
    cooldown: float = 0.3

    def rate(self, step: int) -> float:
        """The learning rate at ``step``, counted from zero."""
        rising = min(1.0, (step + 1) / self.warmup)
        falling = min(1.0, (self.steps - step) / max(1.0, self.cooldown * self.steps))
        return self.peak * min(rising, falling)


class Average:
    """Exponential moving average of a module's weights and buffers, corrected for its start at zero steps."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Take one step's weights in."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                self.state[name].lerp_(tensor, 1 - decay)
            else:
                self.state[name].copy_(tensor)


@dataclass
class Loop:
    """Train ``module`` with ``step`` until the schedule ends or the time is up.

    Attributes:
        module: everything with weights (a model and its heads).
        optimizer: over the module's parameters.
        step: called with the step number and a generator; returns losses, of which ``"loss"`` is minimised.
        schedule: of the learning rate; also says how many steps there are.
        run: folder for ``last.pt`` and ``metrics.jsonl``.
        seed: of the whole run.
        average_decay: of the weights' moving average.
        clip: largest gradient norm.
        save_every: seconds between checkpoints.
        log_every: steps between lines of metrics.
    """

    module: nn.Module
    optimizer: torch.optim.Optimizer
    step: Step
    schedule: Schedule
    run: Path
    seed: int = 0
    average_decay: float = 0.999
    clip: float = 5.0
    save_every: float = 60.0
    log_every: int = 20

    def __post_init__(self) -> None:
        self.done = 0
        self.average = Average(self.module, self.average_decay)
        self.run.mkdir(parents=True, exist_ok=True)

    @property
    def checkpoint(self) -> Path:
        return self.run / "last.pt"

    def resume(self) -> bool:
        """Continue from the run's checkpoint; False when there is none."""
        if not self.checkpoint.exists():
            return False
        state = load_checkpoint(self.checkpoint)
        self.module.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])
        for name, tensor in state["average"].items():
            self.average.state[name].copy_(tensor)
        self.done = state["done"]
        return True

    def save(self) -> None:
        """Write the checkpoint now."""
        save_checkpoint(
            self.checkpoint,
            {
                "module": self.module.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": self.average.state,
                "done": self.done,
            },
        )

    def train(
        self, seconds: float = float("inf"), on_log: Callable[[dict[str, float]], None] = print
    ) -> None:
        """Go on for at most ``seconds``; the last step's state is always saved."""
        start = saved = time.monotonic()
        self.module.train()
        while self.done < self.schedule.steps and time.monotonic() - start < seconds:
            losses = self._one()
            if self.done % self.log_every == 0 or self.done == self.schedule.steps:
                line = {"step": self.done, "seconds": round(time.monotonic() - start, 1), **losses}
                with (self.run / "metrics.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
                on_log(line)
            if time.monotonic() - saved > self.save_every:
                self.save()
                saved = time.monotonic()
        self.save()

    def _one(self) -> dict[str, float]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.done)
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.rate(self.done)
        losses = self.step(self.done, generator)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(losses["loss"])
        nn.utils.clip_grad_norm_(self.module.parameters(), self.clip)
        self.optimizer.step()
        self.done += 1
        self.average.update(self.module, self.done)
        return {name: round(value.item(), 5) for name, value in losses.items()}
