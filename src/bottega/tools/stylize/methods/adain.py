"""The method ``adain``: any style through an encoder (Huang and Belongie 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.tools.stylize.methods.arbitrary_style import AnyStyleStylizer
from bottega.tools.stylize.methods.base import Method, Stylizer, Task

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.layers import ChannelMoments
    from bottega.tools.stylize.settings import PaintSettings
    from bottega.transfer.feedforward import AdaINNet
    from bottega.transfer.regions import Region

BYTES = 1200
"""Per pixel: the features of encoder and decoder at full size."""


class AdaINStylizer(AnyStyleStylizer["ChannelMoments"]):
    """Holds encoder and decoder."""

    @cached_property
    def network(self) -> AdaINNet:
        from bottega.transfer.feedforward import AdaINNet

        network = self.loaded().to(self.device)
        assert isinstance(network, AdaINNet)
        return network

    def weights(self, folder: Path) -> dict[str, dict[str, Any]]:
        from bottega import weights

        entry = weights.entry(self.network.encoder_name)
        return {**super().weights(folder), "encoder": {"name": entry.name, "sha256": entry.sha256}}

    def memory_needed(self, task: Task) -> float:
        height, width = task.size
        return 4e8 + BYTES * height * width

    def encode(self, picture: Tensor, mask: Tensor | None) -> ChannelMoments:
        return self.network.encode(picture.to(self.device), None if mask is None else mask.to(self.device))

    def mix(self, codes: Sequence[ChannelMoments], weights: Sequence[float]) -> ChannelMoments:
        from bottega.layers import mix_channel_moments, normalize_weights

        return mix_channel_moments(list(codes), normalize_weights(weights, len(codes)))

    def painted(self, content: Tensor, regions: Sequence[Region], task: Task) -> Tensor:
        found = [(self.code(region, task), region.mask) for region in regions]
        styles = [(code, mask) for code, mask in found if code is not None]
        task.report.progress(0.2, "painting")
        task.stop_if_asked()
        if not styles:
            return content
        masks = [mask.to(self.device) for _, mask in styles if mask is not None]
        codes = [code for code, _ in styles]
        return self.network(content.to(self.device), codes, alpha=self.asked.strength, masks=masks or None)


def _open(settings: PaintSettings) -> Stylizer:
    return AdaINStylizer(ADAIN, settings)


ADAIN = Method(
    name="adain",
    summary="any style through an encoder, with a network of your own",
    open=_open,
    takes=frozenset(["style", "strength", "style_scale", "keep_color", "color_method", "model"]),
    reason="paints in one pass",
    reasons={
        "marks": "leaves strokes to its network",
        "color_strength": "moves colours and strokes together, by --strength",
        "engine": "always runs on torch",
        "precision": "always computes in fp32",
        "encoder": "looks through the encoder that its network was trained with",
    },
    networks=("model", "encoder"),
)
