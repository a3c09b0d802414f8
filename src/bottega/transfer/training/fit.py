"""Put styles, photographs, network and loop together; take the best weights out again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils import convert_conv2d_weight_memory_format

from bottega.encoders import Encoder
from bottega.training import (
    Batches,
    Callback,
    Loop,
    Step,
    Timed,
    Trapezoid,
    Validation,
    Worker,
    load_checkpoint,
    optimizer,
    worker,
)
from bottega.transfer.training.goals import Goal
from bottega.transfer.training.objective import FitObjective, StyleTargets
from bottega.transfer.training.photographs import Photographs
from bottega.transfer.training.settings import FitSettings

VALIDATE_EVERY = 100
WARMUP = 50
COOLDOWN = 0.4
EMA_DECAY = 0.995
"""Shorter than the usual: these trainings have a few hundred to a few thousand steps."""


def prepare(
    settings: FitSettings,
    goal: Goal,
    encoder: Encoder,
    photographs: Photographs,
    run: Path,
    callbacks: Sequence[Callback] = (),
    here: Worker | None = None,
) -> Loop:
    """A training, ready to start or to resume; ``loop.train()`` ends by itself when the time is up.

    Args:
        settings: of the losses and the length.
        goal: what is trained.
        encoder: that the losses look through, frozen.
        photographs: to paint on.
        run: folder for checkpoints and metrics.
        callbacks: further ones.
        here: where to compute; none takes the best there is.
    """
    here = here or worker()
    network, paint = goal.network.to(here.device), goal.paint
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    objective = FitObjective(settings, encoder.to(here.device))
    targets = StyleTargets(encoder, [style.to(here.device) for style in goal.styles])
    view = photographs.view(settings.size)
    batches = Batches(photographs.training, settings.batch, view, settings.seed)
    squares = photographs.squares(settings.size).to(here.device)

    def step(step: Step) -> dict[str, Tensor]:
        contents = batches(step)
        chosen = torch.randint(targets.count, (len(contents),), generator=step.generator)
        with here.autocast():
            painted = paint(contents, chosen.to(here.device))
            losses = objective(painted, goal.shown(contents), targets.of(chosen), step.generator)
        step.update(losses["loss"])
        return losses

    def measure() -> dict[str, float]:
        """On pictures that stay the same, each in as many styles as there are squares."""
        chosen = torch.arange(len(squares)) % targets.count
        with here.autocast():
            painted = paint(squares, chosen.to(here.device))
            shown = goal.shown(squares)
            losses = objective(painted, shown, targets.of(chosen), torch.Generator().manual_seed(0))
        return {name: float(value) for name, value in losses.items()}

    timed = Timed(60 * settings.minutes, WARMUP, COOLDOWN)
    schedule = Trapezoid(settings.steps, min(WARMUP, settings.steps), COOLDOWN) if settings.steps else timed
    adam = optimizer("adam", goal.parameters, settings.rate)
    return Loop(
        network,
        adam,
        step,
        schedule,
        run,
        seed=settings.seed,
        callbacks=(timed, *callbacks),
        validation=Validation(measure, VALIDATE_EVERY),
        worker=here,
        ema_decay=EMA_DECAY,
        save_every=30.0,
    )


def take_best(loop: Loop) -> dict[str, float]:
    """Give the loop's network the averaged weights of the best validation, or of now where there was none.

    Returns:
        ``"loss"`` of that validation (where there was one) and ``"step"``.
    """
    found: dict[str, float] = {"step": loop.done}
    average = loop.ema.state
    if loop.best_checkpoint.exists():
        state = load_checkpoint(loop.best_checkpoint, loop.worker.device)
        average = state["average"]
        found = {"step": state["done"], "loss": round(state["validation"]["best"], 4)}
    loop.module.load_state_dict(average)
    loop.module.eval().requires_grad_(False)
    return found
