"""Distances by the features of an encoder: LPIPS-type, between styles, and the style variation of a set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.encoders import Encoder
from bottega.errors import SettingsError
from bottega.evaluation.metrics.checks import check_pictures
from bottega.evaluation.metrics.features import Features, both_as_rows
from bottega.losses import STYLE_TERMS


@torch.no_grad()
def perceptual_distance(encoder: Encoder, pictures: Tensor, references: Tensor) -> Tensor:
    """The distance of Zhang et al. 2018 (arXiv 1801.03924, equation 1) with equal channel weights.

    Features of each layer are scaled to length one at every position; the squared differences are summed over
    channels, averaged over positions and summed over layers. Published LPIPS values use weights per channel
    that were fitted to human judgments; these do not, and must be named after their encoder.

    Args:
        encoder: its own style layers are compared.
        pictures: ``(N, 3, H, W)`` of one shape, in [0, 1].
        references: likewise.

    Returns:
        ``(N,)``, 0 for equal pictures, at most 2 per layer (and with ReLUs, 2 only where nothing is shared).

    Raises:
        PictureError: the shapes differ, or values lie outside [0, 1].
    """
    check_pictures(pictures, references, channels=3)
    layers = tuple(encoder.network_style_layers)
    first, second = encoder(pictures, layers), encoder(references, layers)
    distances = [
        (_unit_length(first[layer]) - _unit_length(second[layer])).square().sum(dim=1).mean(dim=(1, 2))
        for layer in layers
    ]
    return torch.stack(distances).sum(dim=0)


def _unit_length(features: Tensor) -> Tensor:
    return F.normalize(features.float(), dim=1, eps=1e-10)


@dataclass(frozen=True)
class StyleStatistics:
    """Statistics of one picture by layer, or the target made of them, for one style term."""

    term: str
    layers: dict[str, Any]


def style_distance(encoder: Encoder, picture: Tensor, target: Tensor, *, term: str = "wasserstein") -> float:
    """The style loss of ``picture`` against ``target``, without gradient.

    Args:
        encoder: its own style layers and their weights are used.
        picture: ``(1, 3, H, W)`` in [0, 1]; sizes may differ.
        target: likewise.
        term: a name in `bottega.losses.STYLE_TERMS`.

    Returns:
        The weighted sum over layers, 0 for equal statistics, about 1 for unrelated ones. Not symmetric: every
        term divides by the target's power.

    Raises:
        SettingsError: the term is unknown.
        PictureError: values outside [0, 1].
    """
    measured = measure_style(encoder, picture, term=term)
    return compare_styles(encoder, measured, style_target(measure_style(encoder, target, term=term)))


@torch.no_grad()
def measure_style(encoder: Encoder, picture: Tensor, *, term: str = "wasserstein") -> StyleStatistics:
    """The style statistics of one picture ``(1, 3, H, W)``, for many comparisons."""
    if term not in STYLE_TERMS:
        raise SettingsError(f"The style term {term!r} is unknown; choose one of {', '.join(STYLE_TERMS)}.")
    check_pictures(picture, channels=3)
    style = STYLE_TERMS[term]()
    features = encoder(picture, encoder.network_style_layers)
    return StyleStatistics(
        term, {layer: style.measure(features[layer]) for layer in encoder.network_style_layers}
    )


@torch.no_grad()
def style_target(statistics: StyleStatistics) -> StyleStatistics:
    """The target that others are compared with, from a picture's statistics."""
    style = STYLE_TERMS[statistics.term]()
    layers = {layer: style.mix([values], [1.0]) for layer, values in statistics.layers.items()}
    return StyleStatistics(statistics.term, layers)


@torch.no_grad()
def compare_styles(encoder: Encoder, statistics: StyleStatistics, target: StyleStatistics) -> float:
    """The distance of :func:`style_distance` from statistics and a target computed before.

    Raises:
        SettingsError: they were measured with different terms.
    """
    if statistics.term != target.term:
        raise SettingsError(
            f"A style measured as {statistics.term} cannot be compared with one measured as {target.term}."
        )
    style = STYLE_TERMS[statistics.term]()
    return sum(
        weight * float(style.distance(statistics.layers[layer], target.layers[layer]))
        for layer, weight in encoder.network_style_layers.items()
    )


@torch.no_grad()
def style_vectors(encoder: Encoder, pictures: Tensor) -> Tensor:
    """Means and standard deviations of all channels of the encoder's style layers, as AdaIN uses them.

    Args:
        pictures: ``(N, 3, H, W)`` in [0, 1].

    Returns:
        ``(N, 2 · channels of all these layers)``, float32 on the CPU.
    """
    check_pictures(pictures, channels=3)
    features = encoder(pictures, tuple(encoder.network_style_layers))
    parts = []
    for layer in encoder.network_style_layers:
        positions = features[layer].float().flatten(2)
        mean = positions.mean(dim=2)
        # Several times faster than std(), with enough digits.
        variance = (positions.square().mean(dim=2) - mean.square()).clamp_min(0)
        parts += [mean, variance.sqrt()]
    return torch.cat(parts, dim=1).cpu()


def style_variation(vectors: Features, reference: Features) -> float:
    """How much the style varies within a set, relative to the reference.

    The root of the mean, over dimensions, of the set's variance over the reference's.

    Args:
        vectors: rows of :func:`style_vectors` of one encoder; two pictures or more each.
        reference: likewise.

    Returns:
        0 where all pictures have one style, 1 where it varies as in the reference, above 1 where more.

    Raises:
        SettingsError: too few pictures, different encoders, numbers that are not finite, or a reference whose
            pictures do not differ.
    """
    rows, others = both_as_rows(vectors, reference)
    if min(len(rows), len(others)) < 2:
        raise SettingsError("Style variation needs two pictures or more in each set.")
    variance = others.var(dim=0)
    # Channels that are almost silent in the reference would dominate the mean.
    active = variance > 1e-6 * variance.mean()
    if not active.any():
        raise SettingsError("All pictures of the reference are equal; style variation needs some variety.")
    return (rows.var(dim=0)[active] / variance[active]).mean().sqrt().item()
