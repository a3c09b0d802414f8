"""Closing the loop: an adjustment is corrected by what is read of its result."""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.personalize.adjustment import Adjustment
from bottega.personalize.goal import Goal
from bottega.personalize.kept import drawing_lost, unnatural
from bottega.personalize.match import distances
from bottega.personalize.reading import read
from bottega.personalize.render import Rendered, render

PACE = {"warp": 0.01, "detail": 0.08, "flatten": 0.08, "grid": 0.015, "tone": 0.02, "strokes": 0.08}
"""Of each part, per step of Adam."""

MEMORY = (0.8, 0.95)
"""How long Adam remembers slopes and their squares: shorter than usual, as there are few steps."""

DRAWING = 1.0
"""Weight of the drawing that is lost, against the mean distance in spans."""

NATURAL = 0.3


def shortfall(goal: Goal, adjustment: Adjustment, shown: Rendered, got: Tensor) -> dict[str, Tensor]:
    """What an adjustment leaves to be desired, each ``(N,)``: ``match``, ``drawing``, ``natural``, and
    ``loss``.

    Args:
        got: ``(N, D)``, what was read of the result.
    """
    apart = (distances(goal.values, got) * goal.weights).sum(1)
    lost = drawing_lost(shown.picture.mean(1, keepdim=True), shown.drawing[:, :1])
    natural = unnatural(adjustment, shown.moved, shown.excess)
    return {
        "match": apart,
        "drawing": lost,
        "natural": natural,
        "loss": apart + DRAWING * lost + NATURAL * natural,
    }


def refine(
    lab: Tensor, adjustment: Adjustment, goal: Goal, steps: int, region: Tensor | None = None
) -> Adjustment:
    """Follow the slope of the shortfall for some steps of Adam, and keep the best that was met.

    Args:
        lab: ``(N, 3, H, W)`` in OKLab, at the size of reading.
        region: ``(N or 1, 1, H, W)``, where something may change.
    """
    parts = {name: value.detach().clone().requires_grad_() for name, value in adjustment.tensors().items()}
    descent = {name: _Adam(value, PACE[name]) for name, value in parts.items()}
    best, lowest = adjustment, torch.full((len(lab),), torch.inf, device=lab.device)
    with torch.enable_grad():
        for step in range(steps + 1):
            now = goal.allowed(Adjustment(**parts))
            shown = render(lab, now, region)
            loss = shortfall(goal, now, shown, read(shown.picture, region))["loss"]
            better = loss.detach() < lowest
            lowest = torch.where(better, loss.detach(), lowest)
            best = _chosen(better, now, best)
            if step < steps:
                slopes = torch.autograd.grad(loss.sum(), list(parts.values()))
                for part, slope in zip(descent.values(), slopes, strict=True):
                    part.step(slope)
    return best


class _Adam:
    """Adam (Kingma and Ba 2015) on one tensor; torch's own brings seconds of imports along."""

    def __init__(self, values: Tensor, pace: float) -> None:
        self.values, self.pace, self.number = values, pace, 0
        self.mean, self.power = torch.zeros_like(values), torch.zeros_like(values)

    @torch.no_grad()
    def step(self, slope: Tensor) -> None:
        self.number += 1
        self.mean.lerp_(slope, 1 - MEMORY[0])
        self.power.lerp_(slope.square(), 1 - MEMORY[1])
        mean, power = (
            each / (1 - memory**self.number)
            for each, memory in zip((self.mean, self.power), MEMORY, strict=True)
        )
        self.values -= self.pace * mean / (power.sqrt() + 1e-8)


def _chosen(better: Tensor, now: Adjustment, best: Adjustment) -> Adjustment:
    pairs = zip(now.tensors().values(), best.tensors().values(), strict=True)
    return Adjustment(
        *(torch.where(better.view(-1, *[1] * (a.ndim - 1)), a.detach(), b.detach()) for a, b in pairs)
    )
