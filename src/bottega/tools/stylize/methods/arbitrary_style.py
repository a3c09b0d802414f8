"""Networks that stylize with any style picture: their style codes, and the method ``adain``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from torch import Tensor

from bottega import pictures, weights
from bottega.layers import ChannelMoments, mix_channel_moments, normalize_weights
from bottega.tools.common.image_sources import BUNDLED_STYLE_SIZE
from bottega.tools.stylize.methods.base import Method, StylizeRequest
from bottega.tools.stylize.methods.feedforward import (
    BASE_BYTES,
    load_network,
    model_record,
    stylize_regions,
)
from bottega.tools.stylize.settings import TransferSettings
from bottega.transfer.feedforward import AdaINNet
from bottega.transfer.regions import Region, Style, restore_colors

MAX_STYLE_PIXELS = 1024
"""Long side at which a style is encoded, before its scale; the networks do not see larger strokes."""
MAX_SCALED_STYLE_PIXELS = 4096
MIN_BUNDLED_STYLE_PIXELS = 400
"""Bundled styles are not drawn smaller: their lines and screens have a minimum width in pixels."""

Code = TypeVar("Code")


class StyleCodes(Generic[Code]):
    """Encodes styles, and keeps the codes for the next picture.

    A style is encoded at the size of the result, but not above :data:`MAX_STYLE_PIXELS` or its own size,
    times its scale: a scale above 1 enlarges it and its strokes.

    Args:
        encode: the code of a style ``(1, 3, h, w)``, or of the part inside a mask ``(1, 1, h, w)``.
        mix: several codes, with weights, as one.
    """

    def __init__(
        self,
        settings: TransferSettings,
        encode: Callable[[Tensor, Tensor | None], Code],
        mix: Callable[[Sequence[Code], Sequence[float]], Code],
    ) -> None:
        self._settings = settings
        self._encode = encode
        self._mix = mix
        # Pictures are stored with their codes, so that no new object gets the id of an old one.
        self._codes: dict[tuple[int, int], tuple[Tensor, Code]] = {}

    def of_region(self, region: Region, long_side: int) -> Code | None:
        """The code of a region's styles for a result of this long side; None if it has no styles."""
        if not region.styles:
            return None
        codes = [self.of_style(style, long_side) for style in region.styles]
        return self._mix(codes, [style.weight for style in region.styles]) if len(codes) > 1 else codes[0]

    def of_style(self, style: Style, long_side: int) -> Code:
        """The code of one style for a result of this long side."""
        settings, picture = self._settings, style.picture
        size = min(long_side, MAX_STYLE_PIXELS, max(picture.shape[-2:]))
        side = max(1, round(min(size * (settings.style_scale * style.scale), MAX_SCALED_STYLE_PIXELS)))
        key = id(picture), side
        if key in self._codes:
            return self._codes[key][1]
        mask = None if style.mask is None else pictures.fit(style.mask, side)
        code = self._encode(pictures.fit(picture, side), mask)
        if not settings.keep_color or settings.color_method == "luminance":
            self._codes[key] = picture, code
        return code


def bundled_style_size(settings: TransferSettings, scale: float) -> int:
    """Side at which a bundled style is drawn for such a network, in pixels."""
    size = min(settings.size or BUNDLED_STYLE_SIZE, MAX_STYLE_PIXELS)
    return min(max(round(size * settings.style_scale * scale), MIN_BUNDLED_STYLE_PIXELS), MAX_STYLE_PIXELS)


class AdaINMethod(Method):
    """The method ``adain``: encoder and decoder (Huang and Belongie 2017)."""

    BYTES_PER_PIXEL = 1200
    """Features of encoder and decoder at full size."""

    @cached_property
    def network(self) -> AdaINNet:
        network = load_network(self.requested).to(self.device)
        assert isinstance(network, AdaINNet)
        return network

    @cached_property
    def codes(self) -> StyleCodes[ChannelMoments]:
        """The style codes: moments of encoder features."""
        return StyleCodes(
            self.requested,
            lambda picture, mask: self.network.encode(
                picture.to(self.device), None if mask is None else mask.to(self.device)
            ),
            lambda codes, shares: mix_channel_moments(codes, normalize_weights(shares, len(codes))),
        )

    def weights(self, folder: Path) -> dict[str, dict[str, Any]]:
        model = model_record(self.requested, folder)
        entry = weights.entry(self.network.encoder_name)
        return {"model": model, "encoder": {"name": entry.name, "sha256": entry.sha256}}

    def bundled_style_size(self, scale: float) -> int:
        return bundled_style_size(self.requested, scale)

    def memory_needed(self, request: StylizeRequest) -> float:
        height, width = request.size
        return BASE_BYTES + self.BYTES_PER_PIXEL * height * width

    def stylize(self, request: StylizeRequest) -> Tensor:
        def run(content: Tensor, regions: Sequence[Region]) -> Tensor:
            codes, masks = [], []
            for region in regions:
                code = self.codes.of_region(region, max(request.size))
                if code is not None:
                    codes.append(code)
                    masks += [] if region.mask is None else [region.mask.to(self.device)]
            request.reporter.progress(0.2, "stylizing")
            request.check_cancelled()
            if not codes:
                return content
            strength = self.requested.strength
            output = self.network(content.to(self.device), codes, alpha=strength, masks=masks or None)
            return restore_colors(output.float().cpu(), content, regions)

        return stylize_regions(request, self.requested, run)
