"""Slider curves: one attribute is requested at five values, and measured afterwards."""

from __future__ import annotations

import torch
from scipy.stats import spearmanr
from torch import Tensor

from bottega.personalize import ATTRIBUTES, VECTOR_SIZE, AdjustmentNet, analyze
from bottega.personalize.adjust.pipeline import NETWORK_STEPS, OPTIMIZER_STEPS, AdjustmentState
from bottega.personalize.adjust.render import render

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
    """Attribute, index in the vector, and name of every slider; a palette is not one number."""
    results = []
    for name, attribute in ATTRIBUTES.items():
        if name == "palette":
            continue
        for offset, index in enumerate(range(attribute.columns.start, attribute.columns.stop)):
            results.append((name, index, NAMES.get(name, (name,))[offset]))
    return results


@torch.no_grad()
def slide(draft: Tensor, attribute: str, index: int, network: AdjustmentNet | None) -> dict[str, list[float]]:
    """``requested`` and ``measured`` of one picture ``(3, H, W)`` at five values of one number."""
    requested, pictures = adjust_to_values(draft, attribute, index, network)
    return {
        "requested": requested.tolist(),
        "measured": [round(v, 4) for v in analyze(pictures)[:, index].tolist()],
    }


@torch.no_grad()
def adjust_to_values(
    draft: Tensor, attribute: str, index: int, network: AdjustmentNet | None
) -> tuple[Tensor, Tensor]:
    """The requested values, and the picture at each of them ``(5, 3, H, W)``."""
    values = torch.linspace(*RANGES[attribute], STEPS)
    drafts = draft.expand(STEPS, -1, -1, -1).contiguous()
    requested = analyze(drafts)
    requested[:, index] = values
    mask = torch.zeros(STEPS, VECTOR_SIZE, dtype=torch.bool)
    mask[:, ATTRIBUTES[attribute].columns] = True
    state = AdjustmentState.initialize(drafts, requested, mask)
    if network is not None:
        for _ in range(NETWORK_STEPS):
            state = state.network_step(network)
    state = state.optimize(OPTIMIZER_STEPS)
    return values, render(state.lab, state.params).picture


def rank_correlation(curves: list[dict[str, list[float]]]) -> float:
    """Spearman's, the mean over pictures; 0 for a slider without effect."""
    results = []
    for curve in curves:
        is_constant = len(set(curve["measured"])) == 1
        results.append(
            0.0 if is_constant else float(spearmanr(curve["requested"], curve["measured"]).statistic)
        )
    return sum(results) / len(results)
