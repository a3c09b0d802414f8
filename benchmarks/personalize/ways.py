"""Curves of what is no single number: a palette and a style, on the way from one to another.

Asked is a mixture, got is how far of the way the picture is: of the earth mover's distance of palettes, and
of the distances of style embeddings to both ends.
"""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.personalize.sliders import STEPS
from bottega.personalize import ATTRIBUTES, SWATCHES, AdjustmentNet, Condition, adjust, read, read_style
from bottega.personalize.adjust import REFINE, ROUNDS
from bottega.personalize.movers import exact_distance
from bottega.personalize.seen import seen
from bottega.personalize.style import SIDE, style_distance
from bottega.personalize.swatch import mixed_palettes
from bottega.styles import paint

PAIRS = (
    ("woodcut", "pointillism"),
    ("charcoal", "watercolour"),
    ("ink-wash", "mosaic"),
    ("engraving", "impasto"),
    ("stained-glass", "pastel"),
)
ENDS = {f"{first} to {last}": (first, last) for first, last in PAIRS}
WAYS = ("palette", *ENDS)
PALETTE = ATTRIBUTES["palette"].part


def walk(way: str, draft: Tensor, other: Tensor, network: AdjustmentNet | None) -> dict[str, list[float]]:
    """``asked`` and ``got``, shares of the way, of one picture ``(3, H, W)``.

    Args:
        way: one of :data:`WAYS`.
        other: the picture ``(3, H, W)`` whose palette is the end of the way; styles have ends of their own.
    """
    shares = torch.linspace(0, 1, STEPS).tolist()
    got = to_style(draft, ENDS[way], shares) if way in ENDS else to_palette(draft, other, shares, network)
    return {"asked": shares, "got": [round(value, 4) for value in got]}


@torch.no_grad()
def to_palette(
    draft: Tensor, other: Tensor, shares: list[float], network: AdjustmentNet | None
) -> list[float]:
    """From the picture's own palette to that of ``other``."""
    own, end = read(torch.stack([draft, other]))
    ends = [Condition.of_vector(each, ["palette"]).palette for each in (own, end)]
    whole = _apart(own, end)
    got = []
    for share in shares:
        weights = [max(1e-3, 1 - share), max(1e-3, share)]
        asked = Condition(palette=mixed_palettes([palette for palette in ends if palette], weights))
        made = adjust(draft[None], asked, network=network, rounds=ROUNDS, refine=REFINE)
        got.append(1 - _apart(read(made)[0], end) / whole)
    return got


def _apart(one: Tensor, other: Tensor) -> float:
    return exact_distance(*(each[PALETTE].view(SWATCHES, 4) for each in (one, other)))


@torch.no_grad()
def to_style(draft: Tensor, styles: tuple[str, str], shares: list[float]) -> list[float]:
    """From one bundled style to another, by their weights, at the size at which styles are read."""
    canvas = seen(draft[None], SIDE)
    ends = [read_style(paint(name, (SIDE, SIDE))) for name in styles]
    got = []
    for share in shares:
        weights = zip(styles, (1 - share, share), strict=True)
        asked = Condition(styles={name: weight for name, weight in weights if weight > 0})
        made = read_style(adjust(canvas, asked))
        first, second = (style_distance(made, end) for end in ends)
        got.append(first / (first + second))
    return got
