"""What painted crops are judged by: what they show, and how near they are to a style as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.encoders import PIXELS, Encoder
from bottega.encoders.base import NO_NETWORK
from bottega.losses import moment_loss, normalised_content_loss, sliced_loss, total_variation
from bottega.transfer.training.settings import FitSettings

POSITIONS = 4096
"""Places of a style picture whose features are kept, per layer: enough for its statistics."""
FLOOR = 0.1
DIRECTIONS, SAMPLES = 16, 1024
SLICED_SHARE = 2 / 3
"""Of the style loss; the rest are means and deviations, which learn fast but know no shapes."""


class StyleTargets:
    """Features of style pictures, looked at once; a batch is then compared with any of them for nothing.

    Args:
        encoder: frozen.
        styles: each ``(1, 3, H, W)``.
    """

    def __init__(self, encoder: Encoder, styles: Sequence[Tensor]) -> None:
        self.layers = (PIXELS, *encoder.own_style_layers)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            looked = [encoder(style, self.layers) for style in styles]
        self.features = {
            name: torch.cat([_kept(each[name], generator) for each in looked]) for name in self.layers
        }
        self.count = len(styles)

    def of(self, chosen: Tensor) -> dict[str, Tensor]:
        """Targets ``(N, C, 1, positions)`` of the styles whose numbers are in ``chosen (N,)``."""
        return {name: features[chosen.to(features.device)] for name, features in self.features.items()}


def _kept(features: Tensor, generator: torch.Generator) -> Tensor:
    columns = features.flatten(2)
    count = columns.shape[2]
    if count <= POSITIONS:
        chosen = torch.randint(count, (POSITIONS,), generator=generator)
    else:
        chosen = torch.randperm(count, generator=generator)[:POSITIONS]
    return columns[:, :, chosen.to(columns.device)].unsqueeze(2).half()


@dataclass(frozen=True)
class FitObjective:
    """The losses of a training, through a frozen encoder."""

    settings: FitSettings
    encoder: Encoder

    @property
    def content_layers(self) -> tuple[str, ...]:
        """The encoder's own, without the tones: those are the style's here."""
        return tuple(name for name in self.encoder.content_layers if name not in NO_NETWORK)

    def __call__(
        self, painted: Tensor, contents: Tensor, target: dict[str, Tensor], generator: torch.Generator
    ) -> dict[str, Tensor]:
        """``"content"``, ``"style"``, ``"smoothness"`` and their weighted sum ``"loss"``.

        Args:
            painted, contents: ``(N, 3, H, W)``.
            target: from :meth:`StyleTargets.of`.
        """
        with torch.no_grad():
            shown = self.encoder(contents, self.content_layers)
        features = self.encoder(painted, {*self.content_layers, *target})
        content = [normalised_content_loss(features[name], shown[name]) for name in self.content_layers]
        style = [self._style(features[name], goal, generator) for name, goal in target.items()]
        found = {
            "content": torch.stack(content).mean(),
            "style": torch.stack(style).mean(),
            "smoothness": total_variation(painted),
        }
        chosen = self.settings
        loss = chosen.content_weight * found["content"] + chosen.style_weight * found["style"]
        return {"loss": loss + chosen.smoothness * found["smoothness"], **found}

    @staticmethod
    def _style(features: Tensor, goal: Tensor, generator: torch.Generator) -> Tensor:
        moments = moment_loss(features, goal, FLOOR)
        sliced = sliced_loss(features, goal, generator, directions=DIRECTIONS, samples=SAMPLES, floor=FLOOR)
        return torch.lerp(moments.float(), sliced.float(), SLICED_SHARE)  # mixed precision gives two kinds
