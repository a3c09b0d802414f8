"""Slider curves: one attribute is asked at five values, and what is read afterwards."""

from __future__ import annotations

import torch
from scipy.stats import spearmanr
from torch import Tensor

from bottega.personalize import ATTRIBUTES, NUMBERS, AdjustmentNet, read
from bottega.personalize.adjust import REFINE, ROUNDS
from bottega.personalize.render import render
from bottega.personalize.steering import begin

STEPS = 5
NAMES = {"subject": ("subject x", "subject y"), "stroke_direction": ("strokes, plain", "strokes, oblique")}
RANGES: dict[str, tuple[float, float]] = {
    "lightness": (0.35, 0.80),
    "contrast": (0.15, 0.45),
    "saturation": (0.02, 0.25),
    "warmth": (-0.04, 0.24),
    "subject": (0.40, 0.60),
    "subject_size": (0.48, 0.88),
    "horizon": (0.15, 0.85),
    "symmetry": (0.43, 0.95),
    "thirds": (0.19, 0.43),
    "empty_space": (0.04, 0.46),
    "stroke_size": (0.50, 0.66),
    "stroke_direction": (-0.35, 0.35),
    "roughness": (0.38, 0.65),
    "abstraction": (0.20, 0.52),
}
"""The 5th and 95th percentile of free photographs and paintings."""


def sliders() -> list[tuple[str, int, str]]:
    """Attribute, place in the vector, and name of every slider; a palette is not one number."""
    found = []
    for name, attribute in ATTRIBUTES.items():
        if name == "palette":
            continue
        for offset, place in enumerate(range(attribute.part.start, attribute.part.stop)):
            found.append((name, place, NAMES.get(name, (name,))[offset]))
    return found


@torch.no_grad()
def slide(draft: Tensor, attribute: str, place: int, network: AdjustmentNet | None) -> dict[str, list[float]]:
    """``asked`` and ``got`` of one picture ``(3, H, W)`` at five values of one number; see
    :func:`pictures_of`."""
    asked, shown = pictures_of(draft, attribute, place, network)
    return {"asked": asked.tolist(), "got": [round(v, 4) for v in read(shown)[:, place].tolist()]}


@torch.no_grad()
def pictures_of(
    draft: Tensor, attribute: str, place: int, network: AdjustmentNet | None
) -> tuple[Tensor, Tensor]:
    """The values asked, and the picture at each of them ``(5, 3, H, W)``."""
    values = torch.linspace(*RANGES[attribute], STEPS)
    drafts = draft.expand(STEPS, -1, -1, -1).contiguous()
    asked = read(drafts)
    asked[:, place] = values
    mask = torch.zeros(STEPS, NUMBERS, dtype=torch.bool)
    mask[:, ATTRIBUTES[attribute].part] = True
    steering = begin(drafts, asked, mask)
    for _ in range(ROUNDS if network is not None else 0):
        assert network is not None
        steering = steering.corrected(network)
    steering = steering.refined(REFINE)
    return values, render(steering.base, steering.adjustment).picture


def rank_correlation(curves: list[dict[str, list[float]]]) -> float:
    """Spearman's, the mean over pictures; 0 for a slider that moves nothing."""
    found = []
    for curve in curves:
        still = len(set(curve["got"])) == 1
        found.append(0.0 if still else float(spearmanr(curve["asked"], curve["got"]).statistic))
    return sum(found) / len(found)
