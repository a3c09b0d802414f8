"""A training as it is told: how far it is, how long it still takes, and what it has learned so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from bottega import pictures
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.train.settings import TrainFiles
from bottega.training import Callback, TensorBoard, TimeBudgetSchedule, Trainer
from bottega.transfer.training.fit import Photographs
from bottega.transfer.training.tasks import Goal

TELL_EVERY = 0.5
"""Seconds between two words about the progress."""
SHOWN_SIDE = 320
SHOWN_PHOTOGRAPHS, SHOWN_STYLES = 2, 4


class Told(Callback):
    """Tells a report how far a training is, and writes a preview now and then."""

    def __init__(
        self, report: ProgressReporter, sheet: Callable[[], Tensor], preview: Path, every: float
    ) -> None:
        self.report, self.sheet, self.preview, self.every = report, sheet, preview, every
        self.told = self.shown = float("-inf")

    def start(self, loop: Trainer) -> None:
        self.shown = time.monotonic() - self.every / 2  # the first preview comes early

    def step(self, loop: Trainer, losses: Mapping[str, Tensor]) -> None:
        now = time.monotonic()
        if self.report.cancelled():
            loop.stop()
        if now - self.shown >= self.every:
            with loop.averaged_weights():
                pictures.save(self.sheet(), self.preview)
            self.shown = time.monotonic()
        if now - self.told >= TELL_EVERY:
            self.told = now
            done, left = progress_of(loop)
            self.report.progress(
                done,
                f"step {loop.global_step}, {_said(losses)}",
                seconds_left=left,
                preview=self.sheet,
            )


def _said(losses: Mapping[str, Tensor]) -> str:
    """The loss; of two networks that play against each other both."""
    shown = ["loss"] if "loss" in losses else ["generator", "discriminator"]
    return ", ".join(f"{name} {float(losses[name].detach()):.3f}" for name in shown)


def progress_of(loop: Trainer) -> tuple[float, float | None]:
    """Share that is done, and seconds left: by time where the training goes by time, else by steps."""
    if isinstance(loop.schedule, TimeBudgetSchedule):
        return min(1.0, loop.schedule.elapsed / loop.schedule.seconds), loop.schedule.seconds_left
    return loop.global_step / loop.schedule.steps, loop.seconds_left


def sheet_drawer(goal: Goal, learned: Photographs, device: torch.device) -> Callable[[], Tensor]:
    """Draws a sheet: for each style a row with the style and photographs painted."""
    contents = [
        learned.held_out.get_readable(n) for n in range(min(SHOWN_PHOTOGRAPHS, len(learned.held_out)))
    ]
    shown = [pictures.fit(picture[None].float() / 255, SHOWN_SIDE) for picture in contents]

    def draw() -> Tensor:
        rows = []
        for number in range(min(SHOWN_STYLES, len(goal.styles))):
            with torch.no_grad():
                chosen = torch.full((1,), number, device=device)
                painted = [
                    goal.paint(content.to(device), chosen).float().clamp(0, 1).cpu() for content in shown
                ]
            pairs = [tile for pair in zip(shown, painted, strict=True) for tile in pair]
            rows.append([goal.styles[number].cpu(), *pairs])
        return pictures.sheet(rows, height=SHOWN_SIDE * 2 // 3)

    return draw


def curves(settings: TrainFiles) -> tuple[TensorBoard, ...]:
    """What writes for TensorBoard, where that was asked for.

    Raises:
        SettingsError: TensorBoard is not installed.
    """
    return (TensorBoard(),) if settings.tensorboard else ()
