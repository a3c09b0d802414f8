"""The method ``optimize``: optimizes the pixels of the picture, slow and faithful."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bottega import encoders, pictures, runtime, weights
from bottega.errors import Cancelled
from bottega.pictures import Picture
from bottega.runtime.hardware import PRECISIONS
from bottega.tools.common.image_sources import BUNDLED_STYLE_SIZE, START_KEYWORDS, Source
from bottega.tools.stylize.methods.base import Method, StylizeRequest
from bottega.tools.stylize.settings import TransferSettings
from bottega.transfer.optimize.runner import memory_needed, optimize
from bottega.transfer.optimize.settings import OptimizeSettings
from bottega.transfer.optimize.state import OnProgress, OptimizationProgress

MAX_BUNDLED_STYLE_PIXELS = 2048
"""A larger square takes minutes to draw and shows no further detail."""


class OptimizeMethod(Method):
    """The optimization with its encoder."""

    _start: tuple[Source, Picture] | None = None

    @cached_property
    def settings(self) -> TransferSettings:
        names = {dtype: name for name, dtype in PRECISIONS.items()}
        precision = names[runtime.select_dtype(self.device, self.requested.precision)]
        return self.requested.model_copy(update={"precision": precision})

    @cached_property
    def encoder(self) -> encoders.Encoder:
        """The encoder, on its device and in its precision."""
        encoder = encoders.load_encoder(self.settings.encoder, pooling=self.settings.pooling)
        return encoder.to(self.device, PRECISIONS[self.settings.precision])

    def weights(self, folder: Path) -> dict[str, dict[str, Any]]:
        entry = weights.entry(self.settings.encoder)
        return {"encoder": {"name": entry.name, "sha256": entry.sha256}}

    def bundled_style_size(self, scale: float) -> int:
        size = round((self.settings.size or BUNDLED_STYLE_SIZE) * self.settings.style_scale * scale)
        return min(max(size, BUNDLED_STYLE_SIZE), MAX_BUNDLED_STYLE_PIXELS)

    def notes(self, request: StylizeRequest, styles: Sequence[Picture]) -> Iterator[str]:
        if request.plan.start is not None:
            start = self._open_start(request.plan.start)
            yield from (f"{start.name}: {note}" for note in start.notes)
        for spec, picture in zip(request.plan.styles, styles, strict=True):
            scale = self.settings.style_scale * spec.scale
            side, side_needed = max(picture.width, picture.height), round(max(request.size) * scale)
            if scale > 1 and side < side_needed:
                yield (
                    f"{spec.source.name}: strokes {scale:g} times as large need a style of {side_needed} "
                    f"pixels, but this one has {side}; they become as large as it allows."
                )

    def memory_needed(self, request: StylizeRequest) -> float:
        return memory_needed(*request.size)

    def stylize(self, request: StylizeRequest) -> Tensor:
        with runtime.deterministic():
            result = optimize(
                request.content.pixels,
                request.regions,
                optimize_settings(self.settings),
                encoder=self.encoder,
                start=self._start_pixels(request),
                on_progress=_progress_callback(request),
                checkpoint=request.side_outputs.checkpoint,
            )
        if result.cancelled:
            raise Cancelled("Stopped; no result was written.")
        return result.picture

    def _start_pixels(self, request: StylizeRequest) -> Tensor | None:
        """Pixels to start from; where they are transparent, the content shows through."""
        if request.plan.start is None:
            return None
        picture, content = self._open_start(request.plan.start), request.content
        if picture.alpha is None:
            return picture.pixels
        size = (content.height, content.width)
        pixels, alpha = pictures.resize(picture, size).pixels, pictures.resize(picture.alpha, size)
        return torch.lerp(content.pixels, pixels, alpha.clamp(0, 1))

    def _open_start(self, source: Source) -> Picture:
        if self._start is None or self._start[0] is not source:
            picture = source.open()
            self._start = (source, picture)
        return self._start[1]


def optimize_settings(settings: TransferSettings) -> OptimizeSettings:
    """The settings of the optimization itself."""
    values = settings.model_dump(include=set(OptimizeSettings.model_fields), exclude_none=True)
    values["keep_color"] = settings.color_method if settings.keep_color else "no"
    # A start picture is passed separately and has priority.
    values["start"] = settings.start if settings.start in START_KEYWORDS else "content"
    return OptimizeSettings(**values)


def _progress_callback(request: StylizeRequest) -> OnProgress:
    """Forwards the progress, writes previews at intervals, and returns False to stop."""
    outputs, last_preview = request.side_outputs, time.monotonic()

    def on_progress(progress: OptimizationProgress) -> bool:
        nonlocal last_preview
        message = f"scale {progress.scale} of {progress.scales}"
        request.reporter.progress(
            progress.fraction, message, seconds_left=progress.seconds_left, preview=progress.preview
        )
        if outputs.preview is not None and time.monotonic() - last_preview >= outputs.preview_every:
            pictures.save(progress.preview().clamp(0, 1).cpu().float(), outputs.preview, quality=85)
            last_preview = time.monotonic()
        return not request.reporter.cancelled()

    return on_progress
