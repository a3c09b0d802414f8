"""The losses of style networks: content features, and the statistics of a style's features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.encoders import PIXELS, Encoder
from bottega.encoders.base import IMAGE_LAYERS
from bottega.losses import moment_loss, normalized_content_loss, sliced_loss, total_variation
from bottega.transfer.training.settings import FitSettings

STYLE_POSITIONS = 4096
"""Positions of a style picture that are sampled per layer: enough for its statistics."""
MIN_POWER = 0.1
DIRECTIONS, SAMPLES = 16, 1024
SLICED_SHARE = 2 / 3
"""Of the style loss; the rest are means and deviations, which train fast but describe no shapes."""


class StyleFeatures:
    """Features of style pictures, computed once, with which batches are compared.

    Args:
        encoder: frozen.
        styles: each ``(1, 3, H, W)``.
    """

    def __init__(self, encoder: Encoder, styles: Sequence[Tensor]) -> None:
        layers = (PIXELS, *encoder.network_style_layers)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            features = [encoder(style, layers) for style in styles]
        self.features = {
            name: torch.cat([_sample_positions(f[name], generator) for f in features]) for name in layers
        }
        self.count = len(styles)

    def select(self, style_indices: Tensor) -> dict[str, Tensor]:
        """Targets ``(N, C, 1, positions)`` of ``style_indices (N,)``, by layer."""
        return {name: features[style_indices.to(features.device)] for name, features in self.features.items()}


def _sample_positions(features: Tensor, generator: torch.Generator) -> Tensor:
    columns = features.flatten(2)
    count = columns.shape[2]
    if count <= STYLE_POSITIONS:
        positions = torch.randint(count, (STYLE_POSITIONS,), generator=generator)
    else:
        positions = torch.randperm(count, generator=generator)[:STYLE_POSITIONS]
    return columns[:, :, positions.to(columns.device)].unsqueeze(2).half()


@dataclass(frozen=True)
class StylizationLoss:
    """Content, style and smoothness losses of stylized crops, through a frozen encoder."""

    settings: FitSettings
    encoder: Encoder

    def __call__(
        self, output: Tensor, content: Tensor, target: Mapping[str, Tensor], generator: torch.Generator
    ) -> dict[str, Tensor]:
        """``"content"``, ``"style"``, ``"smoothness"`` and their weighted sum ``"loss"``.

        Args:
            output, content: ``(N, 3, H, W)``.
            target: from :meth:`StyleFeatures.select`.
            generator: of the random directions and positions.
        """
        # Without the layer of tones: here the style sets the colors.
        content_layers = [name for name in self.encoder.content_layers if name not in IMAGE_LAYERS]
        with torch.no_grad():
            expected = self.encoder(content, content_layers)
        features = self.encoder(output, {*content_layers, *target})
        content_losses = [normalized_content_loss(features[name], expected[name]) for name in content_layers]
        style_losses = [self._style_loss(features[name], t, generator) for name, t in target.items()]
        losses = {
            "content": torch.stack(content_losses).mean(),
            "style": torch.stack(style_losses).mean(),
            "smoothness": total_variation(output),
        }
        weights = self.settings
        loss = weights.content_weight * losses["content"] + weights.style_weight * losses["style"]
        return {"loss": loss + weights.smoothness * losses["smoothness"], **losses}

    @staticmethod
    def _style_loss(features: Tensor, target: Tensor, generator: torch.Generator) -> Tensor:
        moments = moment_loss(features, target, MIN_POWER)
        sliced = sliced_loss(
            features, target, generator, directions=DIRECTIONS, samples=SAMPLES, min_power=MIN_POWER
        )
        # Mixed precision gives two types.
        return torch.lerp(moments.float(), sliced.float(), SLICED_SHARE)
