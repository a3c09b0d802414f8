"""The method ``optimize``: the picture itself is trained; slow and faithful."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import Cancelled, PictureError
from bottega.tools.common.image_sources import BUNDLED_STYLE_SIZE, START_KEYWORDS, Source
from bottega.tools.stylize.methods.base import Extras, Method, Stylizer, Task
from bottega.transfer.optimize.settings import OptimizeSettings

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.encoders import Encoder
    from bottega.pictures import Picture
    from bottega.tools.common.progress import ProgressReporter
    from bottega.tools.stylize.settings import PaintSettings
    from bottega.transfer.optimize.state import Progress

LARGEST_BUNDLED_SIDE = 2048
"""A larger square takes minutes to paint and shows no further detail."""


class OptimizeStylizer(Stylizer):
    """Holds the encoder."""

    @cached_property
    def settings(self) -> PaintSettings:
        from bottega import runtime
        from bottega.runtime.hardware import PRECISIONS

        names = {dtype: name for name, dtype in PRECISIONS.items()}
        precision = names[runtime.precision(self.device, self.asked.precision)]
        return self.asked.model_copy(update={"precision": precision})

    @cached_property
    def encoder(self) -> Encoder:
        from bottega import encoders
        from bottega.runtime.hardware import PRECISIONS

        encoder = encoders.load_encoder(self.settings.encoder, pooling=self.settings.pooling)
        return encoder.to(self.device, PRECISIONS[self.settings.precision])

    def weights(self, folder: Path) -> dict[str, dict[str, Any]]:
        from bottega import weights

        entry = weights.entry(self.settings.encoder)
        return {"encoder": {"name": entry.name, "sha256": entry.sha256}}

    def bundled_side(self, scale: float) -> int:
        needed = round((self.settings.size or BUNDLED_STYLE_SIZE) * self.settings.style_scale * scale)
        return min(max(needed, BUNDLED_STYLE_SIZE), LARGEST_BUNDLED_SIDE)

    def notes(self, task: Task, styles: Sequence[Picture]) -> Iterator[str]:
        if task.plan.start is not None:
            start = self._start_picture(task.plan.start)
            yield from (f"{start.name}: {note}" for note in start.notes)
        for choice, picture in zip(task.plan.styles, styles, strict=True):
            scale = self.settings.style_scale * choice.scale
            there, asked = max(picture.width, picture.height), round(max(task.size) * scale)
            if scale > 1 and there < asked:
                yield (
                    f"{choice.source.name}: strokes {scale:g} times as large would take a style of {asked} "
                    f"pixels, this one is {there} long; they become as large as it allows."
                )

    def memory_needed(self, task: Task) -> float:
        from bottega.transfer.optimize.runner import memory_needed

        return memory_needed(*task.size)

    def paint(self, task: Task) -> Tensor:
        from bottega import runtime
        from bottega.transfer.optimize.runner import optimize

        with runtime.deterministic():
            result = optimize(
                task.content.pixels,
                task.regions,
                optimize_settings(self.settings),
                encoder=self.encoder,
                start=self._start(task),
                on_progress=_Listener(task.report, task.extras).hear,
                state=task.extras.state,
            )
        if result.cancelled:
            raise Cancelled("Stopped; no result was written.")
        return result.picture

    def _start(self, task: Task) -> Tensor | None:
        """Pixels to start from; where they are transparent, the content shows through."""
        import torch

        from bottega import pictures

        if task.plan.start is None:
            return None
        picture, content = self._start_picture(task.plan.start), task.content
        if picture.alpha is None:
            return picture.pixels
        size = (content.height, content.width)
        pixels, alpha = pictures.resize(picture, size).pixels, pictures.resize(picture.alpha, size)
        return torch.lerp(content.pixels, pixels, alpha.clamp(0, 1))

    def _start_picture(self, source: Source) -> Picture:
        if self._started is None or self._started[0] is not source:
            picture = source.open()
            if picture.alpha is not None and float(picture.alpha.max()) == 0:
                raise PictureError(
                    f"The picture {picture.name} to start from is transparent all over; "
                    "nothing of it would show."
                )
            self._started = (source, picture)
        return self._started[1]

    _started: tuple[Source, Picture] | None = None


def optimize_settings(settings: PaintSettings) -> OptimizeSettings:
    """The part of the settings that the method itself takes."""
    values = settings.model_dump(include=set(OptimizeSettings.model_fields), exclude_none=True)
    values["keep_color"] = settings.color_method if settings.keep_color else "no"
    # A picture is handed over by itself and goes before what is said here.
    values["start"] = settings.start if settings.start in START_KEYWORDS else "content"
    return OptimizeSettings(**values)


class _Listener:
    """Passes the method's progress on, writes previews now and then, and stops the work when asked to."""

    def __init__(self, report: ProgressReporter, extras: Extras) -> None:
        self.report = report
        self.extras = extras
        self._last_preview = time.monotonic()

    def hear(self, progress: Progress) -> bool:
        message = f"scale {progress.scale} of {progress.scales}"
        self.report.progress(
            progress.done, message, seconds_left=progress.seconds_left, preview=progress.preview
        )
        self._write_preview(progress.preview)
        return not self.report.cancelled()

    def _write_preview(self, preview: Callable[[], Tensor]) -> None:
        from bottega import pictures

        now = time.monotonic()
        if self.extras.preview is None or now - self._last_preview < self.extras.preview_every:
            return
        pictures.save(preview().clamp(0, 1).cpu().float(), self.extras.preview, quality=85)
        self._last_preview = time.monotonic()


def _open(settings: PaintSettings) -> Stylizer:
    return OptimizeStylizer(OPTIMIZE, settings)


OPTIMIZE = Method(
    name="optimize",
    summary="works on every pixel, slow and faithful",
    open=_open,
    takes=frozenset(OptimizeSettings.model_fields)
    | frozenset(["style", "color_method", "encoder", "pooling", "precision"])
    | frozenset(["region_style_weight", "region_content_weight", "preview", "preview_every", "state"]),
    reason="paints without a network that was trained to paint",
    reasons={
        "color_strength": "moves colours and strokes together, by --strength",
        "marks": "finds strokes step by step",
    },
    networks=("encoder",),
    size=512,
)
