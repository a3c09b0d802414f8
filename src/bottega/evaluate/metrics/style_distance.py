"""How far one picture's manner is from another's, as an encoder and a style term see it."""

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
    """What one encoder and one term see of a picture, by layer: statistics, or the target made of them."""

    term: str
    layers: dict[str, Any]


def style_distance(encoder: Encoder, picture: Tensor, target: Tensor, *, term: str = "wasserstein") -> float:
    """The style loss of ``picture`` against ``target``, without gradient.

    Args:
        encoder: its own style layers and their weights are used; the palette, which needs no network, is not.
        picture, target: ``(1, 3, H, W)`` in [0, 1]; sizes may differ.
        term: a name in `bottega.losses.STYLE_TERMS`.

    Returns:
        The weighted sum over layers, 0 for equal statistics, about 1 for unrelated ones. Every term divides
        by the target's power, so it is not quite the same with the two pictures exchanged.

    Raises:
        SettingsError: the term is unknown.
    """
    found = measure_style(encoder, picture, term=term)
    return compare_styles(encoder, found, style_target(measure_style(encoder, target, term=term)))


@torch.no_grad()
def measure_style(encoder: Encoder, picture: Tensor, *, term: str = "wasserstein") -> MeasuredStyle:
    """The style statistics of one picture ``(1, 3, H, W)``, to be used many times."""
    if term not in STYLE_TERMS:
        raise SettingsError(f"There is no style term {term!r}; choose one of {', '.join(STYLE_TERMS)}.")
    style = STYLE_TERMS[term]()
    features = encoder(picture, encoder.own_style_layers)
    return MeasuredStyle(term, {layer: style.measure(features[layer]) for layer in encoder.own_style_layers})


@torch.no_grad()
def style_target(measured: MeasuredStyle) -> MeasuredStyle:
    """What others are compared with, made of a picture's statistics."""
    style = STYLE_TERMS[measured.term]()
    layers = {layer: style.mix([statistics], [1.0]) for layer, statistics in measured.layers.items()}
    return MeasuredStyle(measured.term, layers)


@torch.no_grad()
def compare_styles(encoder: Encoder, measured: MeasuredStyle, target: MeasuredStyle) -> float:
    """The distance of `style_distance`, from statistics and a target that were made before.

    Raises:
        SettingsError: they were measured with different terms.
    """
    if measured.term != target.term:
        raise SettingsError(
            f"A style measured as {measured.term} cannot be compared with one measured as {target.term}."
        )
    style = STYLE_TERMS[measured.term]()
    return sum(
        weight * float(style.distance(measured.layers[layer], target.layers[layer]))
        for layer, weight in encoder.own_style_layers.items()
    )
