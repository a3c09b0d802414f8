"""Curves of attributes that are not a single number: a palette and a style, from one to another.

Requested is a mixture; measured is the share of the way that the picture has gone, by the earth mover's
distance of palettes, and by the distances of style embeddings to both ends.
"""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.personalize.sliders import STEPS
from bottega.layers.palette import mix_palettes, palette_emd
from bottega.personalize import (
    ATTRIBUTES,
    MAX_PALETTE_COLORS,
    AdjustmentNet,
    Condition,
    adjust,
    analyze,
    embed_style,
)
from bottega.personalize.adjust.pipeline import OPTIMIZER_STEPS
from bottega.personalize.analysis.pixels import resize_for_analysis
from bottega.personalize.analysis.style import STYLE_SIDE, embedding_distance
from bottega.styles import paint

PAIRS = (
    ("woodcut", "pointillism"),
    ("charcoal", "watercolour"),
    ("ink-wash", "mosaic"),
    ("engraving", "impasto"),
    ("stained-glass", "pastel"),
)
STYLE_PAIRS = {f"{first} to {last}": (first, last) for first, last in PAIRS}
MIXTURES = ("palette", *STYLE_PAIRS)
PALETTE = ATTRIBUTES["palette"].columns


def mixture_curve(
    mixture: str, draft: Tensor, other: Tensor, network: AdjustmentNet | None
) -> dict[str, list[float]]:
    """``requested`` and ``measured`` shares of the way, of one picture ``(3, H, W)``.

    Args:
        mixture: one of :data:`MIXTURES`.
        other: the picture ``(3, H, W)`` whose palette is at the end; the ends of styles are in STYLE_PAIRS.
    """
    shares = torch.linspace(0, 1, STEPS).tolist()
    if mixture in STYLE_PAIRS:
        measured = to_style(draft, STYLE_PAIRS[mixture], shares)
    else:
        measured = to_palette(draft, other, shares, network)
    return {"requested": shares, "measured": [round(value, 4) for value in measured]}


@torch.no_grad()
def to_palette(
    draft: Tensor, other: Tensor, shares: list[float], network: AdjustmentNet | None
) -> list[float]:
    """From the picture's own palette to that of ``other``."""
    start, end = analyze(torch.stack([draft, other]))
    ends = [Condition.from_vector(vector, ["palette"]).palette for vector in (start, end)]
    whole = _palette_distance(start, end)
    measured = []
    for share in shares:
        weights = [max(1e-3, 1 - share), max(1e-3, share)]
        condition = Condition(palette=mix_palettes([palette for palette in ends if palette], weights))
        result = adjust(draft[None], condition, network=network, optimizer_steps=OPTIMIZER_STEPS)
        measured.append(1 - _palette_distance(analyze(result)[0], end) / whole)
    return measured


def _palette_distance(one: Tensor, other: Tensor) -> float:
    return palette_emd(*(vector[PALETTE].view(MAX_PALETTE_COLORS, 4) for vector in (one, other)))


@torch.no_grad()
def to_style(draft: Tensor, styles: tuple[str, str], shares: list[float]) -> list[float]:
    """From one bundled style to another, by their weights, at the size of style pictures."""
    canvas = resize_for_analysis(draft[None], STYLE_SIDE)
    ends = [embed_style(paint(name, (STYLE_SIDE, STYLE_SIDE))) for name in styles]
    measured = []
    for share in shares:
        weights = zip(styles, (1 - share, share), strict=True)
        condition = Condition(styles={name: weight for name, weight in weights if weight > 0})
        result = embed_style(adjust(canvas, condition))
        first, second = (embedding_distance(result, end) for end in ends)
        measured.append(first / (first + second))
    return measured
