"""How far apart the manners of two pictures are, as an encoder and a style term see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.errors import SettingsError
from bottega.losses import STYLE_TERMS


@dataclass(frozen=True)
class MeasuredStyle:
    """One picture's style, measured once for many comparisons: per layer its statistics and the target
    that the term makes of them. Comparable with those of the same encoder and term only."""

    term: str
    statistics: dict[str, Any]
    targets: dict[str, Any]


def style_distance(encoder: Encoder, a: Tensor, b: Tensor, *, term: str = "wasserstein") -> float:
    """Distance of the style statistics of two pictures over the encoder's style layers.

    Args:
        encoder: its ``style_layers`` and their weights are used.
        a, b: ``(1, 3, H, W)`` in [0, 1]; sizes may differ.
        term: a name in `bottega.losses.STYLE_TERMS`.

    Returns:
        The weighted sum over layers, 0 for equal statistics, about 1 for unrelated ones. Style terms
        divide by the target's power; here both pictures are the target in turn and the mean is taken,
        so that the order does not matter.

    Raises:
        SettingsError: the term is unknown.
    """
    return compare_styles(encoder, measure_style(encoder, a, term=term), measure_style(encoder, b, term=term))


@torch.no_grad()
def measure_style(encoder: Encoder, picture: Tensor, *, term: str = "wasserstein") -> MeasuredStyle:
    """The style of one picture ``(1, 3, H, W)``, for `compare_styles`."""
    if term not in STYLE_TERMS:
        raise SettingsError(f"There is no style term {term!r}; choose one of {', '.join(STYLE_TERMS)}.")
    style = STYLE_TERMS[term]()
    features = encoder(picture, encoder.style_layers)
    statistics = {layer: style.measure(features[layer]) for layer in encoder.style_layers}
    targets = {layer: style.mix([measured], [1.0]) for layer, measured in statistics.items()}
    return MeasuredStyle(term, statistics, targets)


@torch.no_grad()
def compare_styles(encoder: Encoder, a: MeasuredStyle, b: MeasuredStyle) -> float:
    """The distance of `style_distance`, from styles measured before.

    Raises:
        SettingsError: they were measured with different terms.
    """
    if a.term != b.term:
        raise SettingsError(f"A style measured as {a.term} cannot be compared with one measured as {b.term}.")
    style = STYLE_TERMS[a.term]()
    total = 0.0
    for layer, weight in encoder.style_layers.items():
        there = style.distance(a.statistics[layer], b.targets[layer])
        back = style.distance(b.statistics[layer], a.targets[layer])
        total += weight * float(there + back) / 2
    return total
