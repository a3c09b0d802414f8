"""Put styles, photographs, network and loop together; take the best weights out again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils import convert_conv2d_weight_memory_format

from bottega import pictures
from bottega.encoders import Encoder
from bottega.training import (
    BatchLoader,
    Callback,
    CropTransform,
    PictureSet,
    ProcessContext,
    Step,
    TimeBudgetSchedule,
    Trainer,
    Trapezoid,
    Validation,
    build_optimizer,
    find_pictures,
    hold_out,
    load_pictures,
    process_context,
)
from bottega.training.augment import center_square
from bottega.transfer.training.losses import FitObjective, StyleTargets
from bottega.transfer.training.settings import FitSettings
from bottega.transfer.training.tasks import Goal

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
    here: ProcessContext | None = None,
) -> Trainer:
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
    here = here or process_context()
    network, paint = goal.network.to(here.device), goal.paint
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    objective = FitObjective(settings, encoder.to(here.device))
    targets = StyleTargets(encoder, [style.to(here.device) for style in goal.styles])
    view = photographs.view(settings.size)
    batches = BatchLoader(photographs.training, settings.batch, view, settings.seed)
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

    timed = TimeBudgetSchedule(60 * settings.minutes, WARMUP, COOLDOWN)
    schedule = Trapezoid(settings.steps, min(WARMUP, settings.steps), COOLDOWN) if settings.steps else timed
    adam = build_optimizer("adam", goal.parameters, settings.rate)
    return Trainer(
        network,
        adam,
        step,
        schedule,
        run,
        seed=settings.seed,
        callbacks=callbacks,
        validation=Validation(measure, VALIDATE_EVERY),
        context=here,
        ema_decay=EMA_DECAY,
        save_every=30.0,
    )


def take_best(loop: Trainer) -> dict[str, float]:
    """Give the loop's network the averaged weights of the best validation, or of now where there was none.

    Returns:
        ``"loss"`` of that validation (where there was one) and ``"step"``.
    """
    average, found = loop.best_weights()
    if "loss" in found:
        found["loss"] = round(found["loss"], 4)
    loop.module.load_state_dict(average)
    loop.module.eval().requires_grad_(False)
    return found


SHORT_SIDE = 384
"""Pixels to which the shorter side is reduced."""
ENOUGH_TO_HOLD_OUT = 20
CHECKED = 4
"""Pictures that a validation looks at."""


@dataclass(frozen=True)
class Photographs:
    """What networks learn to paint on.

    Attributes:
        training: pictures that crops are cut from.
        held_out: pictures for validation; of a small collection the same.
        own: the artist's; False for the two that come along.
    """

    training: PictureSet
    held_out: PictureSet
    own: bool

    def view(self, size: int) -> CropTransform:
        """How crops are cut; from two pictures, of very many kinds."""
        if self.own:
            return CropTransform(size=size, scale=(1.0, 2.4))
        return CropTransform(size=size, scale=(0.5, 2.4), rotation=15.0, color=0.6)

    def squares(self, size: int) -> Tensor:
        """Middles of the first few held out, ``(N, 3, size, size)``: always the same."""
        chosen = [self.held_out.get_readable(number) for number in range(min(CHECKED, len(self.held_out)))]
        return torch.stack([center_square(picture, size) for picture in chosen])


def photographs(
    folder: Path | None = None, on_progress: Callable[[int, int], None] | None = None
) -> Photographs:
    """All pictures in a folder and the folders in it; without one, the demonstration photographs.

    Raises:
        PictureError: there is no such folder, or no picture in it that can be read.
    """
    if folder is None:
        shown = [pictures.fit(pictures.photograph(name).pixels, 576)[0] for name in pictures.PHOTOGRAPHS]
        both = PictureSet(
            [(picture * 255).round().to(torch.uint8) for picture in shown],
            [Path(n) for n in pictures.PHOTOGRAPHS],
        )
        return Photographs(both, both, own=False)
    files = find_pictures(folder)
    training, held_out = hold_out(files) if len(files) >= ENOUGH_TO_HOLD_OUT else (files, [])
    if not (training and held_out):
        training, held_out = files, []
    loaded = load_pictures(training, SHORT_SIDE, on_progress=on_progress)
    if not held_out:
        return Photographs(loaded, loaded, own=True)
    return Photographs(loaded, load_pictures(held_out[:CHECKED], SHORT_SIDE), own=True)
