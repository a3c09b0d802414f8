"""What a picture is judged by: its content, the statistics of its style, its smoothness.

Everything takes masks. Style terms work on sums that add up over tiles, so that a print of any size can
be judged as a whole (see ``statistics``).
"""

from __future__ import annotations

from typing import Any

from bottega.losses.content_and_smoothness import content_loss, content_power, total_variation
from bottega.losses.gram import Gram, SecondMoment
from bottega.losses.sliced import Projections, QuantileTarget, SlicedWasserstein
from bottega.losses.style_term import Stats, StyleTerm, leaf, surrogate
from bottega.losses.training_losses import (
    calm_loss,
    gram_loss,
    identity_loss,
    moment_loss,
    normalised_content_loss,
    sliced_loss,
    stability_loss,
)
from bottega.losses.wasserstein import GaussianTarget, Moments, Wasserstein

STYLE_TERMS: dict[str, type[StyleTerm[Any, Any]]] = {
    "gram": Gram,
    "wasserstein": Wasserstein,
    "sliced": SlicedWasserstein,
}

__all__ = [
    "STYLE_TERMS",
    "GaussianTarget",
    "Gram",
    "Moments",
    "Projections",
    "QuantileTarget",
    "SecondMoment",
    "SlicedWasserstein",
    "Stats",
    "StyleTerm",
    "Wasserstein",
    "calm_loss",
    "content_loss",
    "content_power",
    "gram_loss",
    "identity_loss",
    "leaf",
    "moment_loss",
    "normalised_content_loss",
    "sliced_loss",
    "stability_loss",
    "surrogate",
    "total_variation",
]
