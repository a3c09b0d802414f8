"""Losses: content, style statistics and smoothness of pictures, and those of adversarial training.

Style terms work on sums that add up over tiles, so that they measure a print of any size as a whole (see
``style_term``).
"""

from __future__ import annotations

from typing import Any

from bottega.losses.content_and_smoothness import content_loss, content_power, total_variation
from bottega.losses.moment_terms import Gram, Wasserstein
from bottega.losses.sliced import SlicedWasserstein
from bottega.losses.style_term import Stats, StyleTerm, leaf, surrogate
from bottega.losses.training_losses import (
    flat_area_loss,
    identity_loss,
    moment_loss,
    normalized_content_loss,
    sliced_loss,
    stability_loss,
)

STYLE_TERMS: dict[str, type[StyleTerm[Any, Any]]] = {
    "gram": Gram,
    "wasserstein": Wasserstein,
    "sliced": SlicedWasserstein,
}

__all__ = [
    "STYLE_TERMS", "Gram", "SlicedWasserstein", "Stats", "StyleTerm", "Wasserstein", "content_loss",
    "content_power", "flat_area_loss", "identity_loss", "leaf", "moment_loss", "normalized_content_loss",
    "sliced_loss", "stability_loss", "surrogate", "total_variation",
]  # fmt: skip
