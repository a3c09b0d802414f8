"""The losses of a stylized batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.encoders import PIXELS, Encoder
from bottega.losses import (
    flat_area_loss,
    identity_loss,
    moment_loss,
    normalized_content_loss,
    sliced_loss,
    stability_loss,
)
from recipes.micro.config import MicroRecipe
from recipes.micro.dataset import PairBatch

CONTENT_LAYERS = ("relu2_2", "relu3_3")
LAYER_WEIGHTS = {"relu4_1": 0.5, "relu4_3": 0.2}
"""Of the style; 1 for all others. What the deepest layers ask of a crop is mostly beyond its content."""
DIRECTIONS, SAMPLES = 16, 512
MIN_STYLE_POWER = 0.1
"""Least power of a style, in units of the encoder, whose channels have mean activations of one: a flat style
is not to outweigh all others."""
EPSILON = 1e-3
"""Added to squared distances before their root is taken, whose slope is infinite at zero."""


@dataclass(frozen=True)
class Objective:
    """Losses through a frozen encoder."""

    recipe: MicroRecipe
    encoder: Encoder

    @property
    def style_layers(self) -> tuple[str, ...]:
        """The palette and the encoder's own style layers."""
        return (PIXELS, *self.encoder.network_style_layers)

    def __call__(
        self, stylized: Tensor, following: Tensor, pairs: PairBatch, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Each loss, averaged over the batch, and ``"loss"``, their weighted sum.

        A strength s between 0 and 1 asks for what lies between: s times the squared distance to the style
        plus (1 - s) times that to the content's own statistics, of which the Wasserstein barycenter is the
        minimum.
        A picture that is its own style has the identity loss alone.

        Args:
            stylized, following: the stylized contents and second frames.
        """
        layers = {*CONTENT_LAYERS, *self.style_layers}
        strength = pairs.strength.flatten()
        partial = (strength < 1).nonzero().flatten()
        with torch.no_grad():
            contents = self.encoder(pairs.contents, layers if len(partial) else CONTENT_LAYERS)
            styles = self.encoder(pairs.styles, self.style_layers)
        features = self.encoder(stylized, layers)
        losses = {"content": torch.stack([
            normalized_content_loss(features[name], contents[name]) for name in CONTENT_LAYERS
        ]).mean(0) * (1 - pairs.same)}  # fmt: skip
        for name, weight in (("moments", self.recipe.moments), ("sliced", self.recipe.sliced)):
            if weight > 0:
                distances = strength * self._distances(name, features, styles, generator)
                if len(partial):
                    own, plain = ({k: f[partial] for k, f in all_.items()} for all_ in (features, contents))
                    to_content = (1 - strength[partial]) * self._distances(name, own, plain, generator)
                    distances = distances.index_add(1, partial, to_content)
                losses[name] = (1 - pairs.same) * self._mean_root(distances)
        losses["calm"] = (strength * flat_area_loss(stylized, pairs.contents) + EPSILON).sqrt()
        losses["identity"] = pairs.same * identity_loss(stylized, pairs.contents)
        losses["stability"] = stability_loss(stylized, following, pairs.contents, pairs.following)
        means = {name: values.mean() for name, values in losses.items()}
        weighted = [getattr(self.recipe, name) * value for name, value in means.items()]
        return {"loss": torch.stack(weighted).sum(), **means}

    def _distances(
        self, kind: str, features: dict[str, Tensor], target: dict[str, Tensor], generator: torch.Generator
    ) -> Tensor:
        """Squared, ``(layers, N)``."""
        distances = [
            moment_loss(features[name], target[name], MIN_STYLE_POWER)
            if kind == "moments"
            else sliced_loss(
                features[name],
                target[name],
                generator,
                directions=DIRECTIONS,
                samples=SAMPLES,
                min_power=MIN_STYLE_POWER,
            )
            for name in self.style_layers
        ]
        return torch.stack([each.float() for each in distances])

    def _mean_root(self, distances: Tensor) -> Tensor:
        """Weighted mean over the layers of distances, ``(N,)``: squared, a few pairs that are far apart would
        decide every step."""
        weights = torch.tensor([LAYER_WEIGHTS.get(name, 1.0) for name in self.style_layers]).to(distances)
        return weights @ (distances + EPSILON).sqrt() / weights.sum()
