"""The losses of a batch of photographs in other colors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.encoders import PIXELS, Encoder
from bottega.encoders.base import TONES
from bottega.losses import identity_loss, moment_loss, normalized_content_loss, sliced_loss
from bottega.training.augment import RGB_TO_YIQ
from recipes.micro.dataset import PairBatch
from recipes.photo.config import PhotoRecipe

CONTENT_LAYERS = ("relu2_2", "relu3_3")
PALETTE_LAYERS = (PIXELS, TONES)
STYLE_LAYERS = ("relu1_2", "relu2_2", "relu3_1")
"""Shallow and middle: contrast, sharpness, grain of the light. A color map cannot reproduce what deeper
layers measure."""
MIN_STYLE_POWER = 0.1
FULL_CONTRAST = 0.05
"""A difference of brightness in the content, in units of the picture, from which its sign counts in full."""


@dataclass(frozen=True)
class PhotoObjective:
    """Losses through a frozen encoder."""

    recipe: PhotoRecipe
    encoder: Encoder

    def __call__(
        self, stylized: Tensor, cells: Tensor, pairs: PairBatch, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Each loss, averaged over the batch, and ``"loss"``, their weighted sum.

        As for the any-style network, a strength s asks for what lies between style and content: s times the
        distance to the one plus (1 - s) times the distance to the other.

        Args:
            stylized: ``(N, 3, H, W)``, not clipped.
            cells: what the network adds to the identity in its grid, ``(N, 12, depth, rows, columns)``.
        """
        layers = {*CONTENT_LAYERS, *PALETTE_LAYERS, *STYLE_LAYERS}
        with torch.no_grad():
            contents = self.encoder(pairs.contents, layers)
            styles = self.encoder(pairs.styles, {*PALETTE_LAYERS, *STYLE_LAYERS})
        features = self.encoder(stylized, layers)
        losses = {
            "content": _mean([normalized_content_loss(features[n], contents[n]) for n in CONTENT_LAYERS]),
            "order": order_loss(features[TONES], contents[TONES], generator),
            "smooth": grid_smoothness(cells),
            "gamut": ((stylized - 1).relu() + (-stylized).relu()).mean((1, 2, 3)),
            "identity": pairs.same * identity_loss(stylized, pairs.contents),
        }
        strength = pairs.strength.flatten()
        for share, target in ((strength, styles), (1 - strength, contents)):
            for name, distance in self._distances(features, target, generator).items():
                losses[name] = losses.get(name, torch.zeros_like(share)) + share * distance
        means = {name: values.mean() for name, values in losses.items()}
        weighted = [getattr(self.recipe, name) * value for name, value in means.items()]
        return {"loss": torch.stack(weighted).sum(), **means}

    @staticmethod
    def _distances(
        features: dict[str, Tensor], target: dict[str, Tensor], generator: torch.Generator
    ) -> dict[str, Tensor]:
        moments = [moment_loss(features[n], target[n], MIN_STYLE_POWER) for n in STYLE_LAYERS]
        # Three colors need few directions; as many positions as there are keep the rare colors.
        palettes = [
            sliced_loss(features[n], target[n], generator, directions=12, samples=4096)
            for n in PALETTE_LAYERS
        ]
        return {"palette": _mean(palettes), "moments": _mean(moments)}


def order_loss(tones: Tensor, content: Tensor, generator: torch.Generator) -> Tensor:
    """How far pairs of places are in the wrong order of brightness, in units of the picture; ``(N,)``.

    Each place is compared with one at random. Where the content has no clear difference, order is free.

    Args:
        tones, content: ``(N, 3, h, w)``, local mean colors of the result and of the content.
    """
    brightness, reference = _brightness(tones), _brightness(content)
    other = torch.randperm(brightness.shape[1], generator=generator).to(brightness.device)
    expected, losses = reference - reference[:, other], brightness - brightness[:, other]
    return ((expected / FULL_CONTRAST).clamp(-1, 1) * -losses).relu().mean(1)


def grid_smoothness(cells: Tensor) -> Tensor:
    """Mean squared difference of neighboring cells, in place and in brightness; ``(N,)``."""
    steps = [cells.diff(dim=axis).square().flatten(1).mean(1) for axis in (2, 3, 4)]
    return torch.stack(steps).sum(0)


def _brightness(colors: Tensor) -> Tensor:
    weights = RGB_TO_YIQ[0].to(colors.device)
    return torch.einsum("c,nchw->nhw", weights, colors.float()).flatten(1)


def _mean(losses: list[Tensor]) -> Tensor:
    return torch.stack(losses).mean(0)
