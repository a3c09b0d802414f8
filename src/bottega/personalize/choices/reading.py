"""From pictures to items: their traits, and what an encoder sees in them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from bottega.encoders import Encoder, load_encoder
from bottega.personalize.attributes import ATTRIBUTES, SWATCHES
from bottega.personalize.choices.items import Item
from bottega.personalize.choices.traits import TRAITS
from bottega.personalize.reading import read

ENCODER = "small"
LAYERS = ("relu3_3", "relu4_3")
SIDE = 128
"""Shorter side, in pixels, at which the encoder looks."""
NUMBERS = 24
"""Length of the embedding."""
QUIET = 1e-2
"""Below this an activation, whose mean over natural pictures is 1, counts as silence."""
VERSION = 1
"""Of all that this file does: items read by another version are not the same items."""


class Reader:
    """Makes items from pictures; loads the packaged encoder once."""

    def __init__(self) -> None:
        self.encoder: Encoder = load_encoder(ENCODER)
        channels = sum(self.encoder.channels[layer] for layer in LAYERS)
        # Random projections keep distances (Johnson & Lindenstrauss 1984); fixed, so that every profile of
        # every artist speaks of the same numbers.
        random = torch.randn(
            channels, NUMBERS, generator=torch.Generator().manual_seed(0), dtype=torch.float64
        )
        self.projection = torch.linalg.qr(random).Q.float()

    @torch.no_grad()
    def item(self, name: str, picture: Tensor) -> Item:
        """The item of one picture ``(1, 3, H, W)``, sRGB in [0, 1]."""
        values = read(picture.float())[0]
        return Item(
            id=name, traits=traits(values), embedding=tuple(self._embedding(picture.float()).tolist())
        )

    def _embedding(self, picture: Tensor) -> Tensor:
        """``(24,)``: logarithms of channels' mean activations, projected."""
        height, width = picture.shape[-2:]
        scale = SIDE / min(height, width)
        size = (max(SIDE, round(height * scale)), max(SIDE, round(width * scale)))
        seen = interpolate(picture, size, mode="bilinear", align_corners=False, antialias=scale < 1)
        found = self.encoder(seen, LAYERS)
        means = torch.cat([found[layer].mean((0, 2, 3)) for layer in LAYERS])
        return (means + QUIET).log() @ self.projection


def traits(values: Tensor) -> dict[str, float]:
    """The traits in a condition's vector ``(D,)``.

    Directions of strokes are cos 2φ and sin 2φ times how alike they run; ``redness`` is the palette's mean a
    of OKLab, ``variety`` the root mean square distance of its colours from their mean in a and b.
    """
    colors = values[ATTRIBUTES["palette"].part].view(SWATCHES, 4)
    shares = colors[:, 3:] / colors[:, 3].sum()
    tones = colors[:, 1:3]
    mean = (shares * tones).sum(0)
    found = {
        "redness": mean[0],
        "variety": (shares * (tones - mean).square()).sum().sqrt(),
        "subject_x": values[ATTRIBUTES["subject"].part][0],
        "subject_y": values[ATTRIBUTES["subject"].part][1],
        "level_strokes": values[ATTRIBUTES["stroke_direction"].part][0],
        "rising_strokes": values[ATTRIBUTES["stroke_direction"].part][1],
    }
    for trait in TRAITS:
        if trait.name not in found:
            found[trait.name] = values[ATTRIBUTES[trait.name].part][0]
    return {trait.name: float(found[trait.name]) for trait in TRAITS}
