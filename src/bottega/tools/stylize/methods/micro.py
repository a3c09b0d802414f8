"""The methods ``micro`` and ``photo``: self-modulated networks, which stylize with any style picture."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bottega import runtime
from bottega.tools.common.cached_tensors import cached_tensors
from bottega.tools.stylize.methods.arbitrary_style import (
    MAX_STYLE_PIXELS,
    StyleCodes,
    bundled_style_size,
)
from bottega.tools.stylize.methods.base import Method, StylizeRequest
from bottega.tools.stylize.methods.feedforward import (
    FLOAT_BYTES_PER_PIXEL,
    load_network,
    model_record,
    recolored_styles,
    stylize_regions,
)
from bottega.tools.stylize.settings import TransferSettings
from bottega.transfer.feedforward import (
    SelfModulatedNet,
    StyleCode,
    StyleEngine,
    StyleTarget,
    load_style_engine,
    mix_style_codes,
)
from bottega.transfer.feedforward.style_code import code_from_tensors, code_to_tensors
from bottega.transfer.regions import Region
from bottega.transfer.texture.synthesis import TEXTURE_SCALES

BASE_BYTES = 6e8
NETWORK_BYTES_PER_PIXEL = 130
"""Of the tile, or untiled picture, that is processed: a picture of 12 megapixels took 2.3 GB at its peak."""
SAMPLE_BYTES_PER_PIXEL = 8
"""From 8-bit samples to 8-bit samples: both pictures, and reading and writing their files."""
MIN_SCALED_TEXTURE_SIDE = 0.85
"""Texture is synthesized N times as large as in its style for results of at least this fraction of N times
:data:`MAX_STYLE_PIXELS`."""


class MicroMethod(Method):
    """The network on its inference engine, with the codes of the styles."""

    @cached_property
    def engine(self) -> StyleEngine:
        """The network on its inference engine."""
        requested = self.requested
        network = load_network(requested)
        assert isinstance(network, SelfModulatedNet)
        return load_style_engine(
            network,
            engine=requested.engine,
            precision=requested.precision,
            device=str(self.device),
            threads=requested.threads,
        )

    @cached_property
    def codes(self) -> StyleCodes[StyleCode]:
        """The style codes: feature statistics, and texture patches of the network ``micro``."""
        return StyleCodes(self.requested, self._encode, mix_style_codes)

    def _encode(self, style: Tensor, mask: Tensor | None) -> StyleCode:
        """The code of a style; codes are kept in the cache."""
        settings = self.settings
        if self.device.type != "cpu":
            return self.engine.encode(style, mask)
        pixels = [
            hashlib.sha256(x.contiguous().numpy().tobytes()).hexdigest()
            for x in (style, mask)
            if x is not None
        ]
        shapes = [tuple(x.shape) for x in (style, mask) if x is not None]
        network = model_record(settings, Path())["sha256"]
        computed_by = (network, settings.engine, settings.precision, settings.device, settings.threads)
        tensors = cached_tensors(
            "style-codes",
            (pixels, shapes, computed_by),
            lambda: code_to_tensors(self.engine.encode(style, mask)),
        )
        return code_from_tensors(tensors)

    @cached_property
    def settings(self) -> TransferSettings:
        update = {"engine": self.engine.engine, "precision": self.engine.precision}
        return self.requested.model_copy(update=update)

    def weights(self, folder: Path) -> dict[str, dict[str, Any]]:
        return {"model": model_record(self.requested, folder)}

    def bundled_style_size(self, scale: float) -> int:
        return bundled_style_size(self.requested, scale)

    def memory_needed(self, request: StylizeRequest) -> float:
        pixels = request.size[0] * request.size[1]
        processed = self.engine.max_pixels_in_memory(pixels)
        per_pixel = SAMPLE_BYTES_PER_PIXEL if self._keeps_samples(request) else FLOAT_BYTES_PER_PIXEL
        return BASE_BYTES + NETWORK_BYTES_PER_PIXEL * processed + per_pixel * pixels

    def stylize(self, request: StylizeRequest) -> Tensor | NDArray[np.uint8]:
        if self._keeps_samples(request):
            return self._stylize_samples(request)

        def run(content: Tensor, regions: Sequence[Region]) -> Tensor:
            targets = [self._target(region, request) for region in regions]
            request.reporter.progress(0.2, "stylizing")
            request.check_cancelled()
            return self.engine.stylize(content, targets)

        return stylize_regions(request, self.requested, run)

    def _keeps_samples(self, request: StylizeRequest) -> bool:
        """Whether 8-bit samples become 8-bit samples: one style target, everywhere, at the content's size."""
        settings, content, regions = self.requested, request.content, request.regions
        return (
            content.samples is not None
            and settings.bits == 8
            and request.size == (content.height, content.width)
            and not (settings.keep_color and settings.color_method == "luminance")
            and len(regions) == 1
            and regions[0].mask is None
            and bool(regions[0].styles)
        )

    def _stylize_samples(self, request: StylizeRequest) -> NDArray[np.uint8]:
        """Faster and smaller than :func:`stylize_regions`."""
        request.reporter.progress(0.0, "encoding styles")
        request.check_cancelled()
        with runtime.deterministic(), torch.no_grad():
            (region,) = recolored_styles(request, request.regions, self.requested)
            target = self._target(region, request)
            request.reporter.progress(0.2, "stylizing")
            request.check_cancelled()
            assert request.content.samples is not None
            result = self.engine.stylize_bytes(request.content.samples, target)
        request.reporter.progress(1.0, "stylized")
        return result

    def _target(self, region: Region, request: StylizeRequest) -> StyleTarget:
        settings, long_side = self.requested, max(request.size)
        use_colors = all(style.use_colors for style in region.styles)
        return StyleTarget(
            self.codes.of_region(region, long_side),
            settings.strength,
            settings.color_strength if use_colors else 0.0,
            region.mask,
            settings.texture,
            texture_scale=texture_scale(long_side),
        )


def texture_scale(long_side: int) -> int:
    """How many times as large as in its style texture is synthesized on a result of this long side."""
    min_side = MIN_SCALED_TEXTURE_SIDE * MAX_STYLE_PIXELS
    return max(scale for scale in TEXTURE_SCALES if scale == 1 or long_side >= min_side * scale)
