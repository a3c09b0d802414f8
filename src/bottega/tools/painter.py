"""Paints pictures by one plan: styles and network are loaded once, each content is then painted with them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bottega import encoders, pictures, runtime, weights
from bottega.errors import Cancelled, PictureError, ResourceError
from bottega.pictures import Picture
from bottega.tools.paint_settings import PaintSettings
from bottega.tools.plan import Plan, StyleChoice
from bottega.tools.recipe import make_recipe
from bottega.tools.sources import BUNDLED_SIDE, BundledSource, MaskSource, Source
from bottega.tools.tool import Report
from bottega.transfer.optimization import memory_needed, optimize, scale_sizes
from bottega.transfer.progress import Progress
from bottega.transfer.regions import Region, feather
from bottega.transfer.style import Style

LARGEST_BUNDLED_SIDE = 2048
"""A larger square takes minutes to paint and shows no further detail."""


@dataclass(frozen=True)
class Extras:
    """Files that are written while one picture is painted.

    Args:
        preview: where the unfinished picture goes, every ``preview_every`` seconds.
        state: where the state of the work is kept; the work continues from it where it exists.
    """

    preview: Path | None = None
    preview_every: float = 10.0
    state: Path | None = None


class Painter:
    """A plan and settings, ready to paint one picture after the other.

    Args:
        plan: styles and regions.
        settings: device, precision and threads are resolved to what this machine gives.

    Raises:
        SettingsError, ResourceError: device, precision or encoder are not to be had.
        WeightsError: the encoder's weights are missing or damaged.
    """

    def __init__(self, plan: Plan, settings: PaintSettings) -> None:
        self.device = runtime.device(settings.device)
        self.precision = runtime.precision(self.device, settings.precision)
        self.plan = plan
        names = {torch.float32: "fp32", torch.bfloat16: "bf16"}
        self.settings = settings.model_copy(
            update={
                "device": str(self.device),
                "precision": names[self.precision],
                "threads": runtime.set_threads(settings.threads),
                "start": settings.start if plan.start is None else "picture",
            }
        )
        self._said: set[str] = set()

    @cached_property
    def encoder_record(self) -> dict[str, Any]:
        """Name and sha256 of the encoder's weights, for the recipe."""
        entry = weights.entry(self.settings.encoder)
        return {"name": entry.name, "sha256": entry.sha256}

    @cached_property
    def encoder(self) -> encoders.Encoder:
        encoder = encoders.load(self.settings.encoder, pooling=self.settings.pooling)
        return encoder.to(self.device, self.precision)

    @cached_property
    def style_pictures(self) -> list[Picture]:
        """One per style of the plan; bundled ones painted as large as the result needs."""
        found = [self._open_style(choice) for choice in self.plan.styles]
        for picture in found:
            if _is_invisible(picture):
                raise PictureError(
                    f"The style {picture.name} is transparent all over; there is no style in it."
                )
        return found

    def _open_style(self, choice: StyleChoice) -> Picture:
        if not isinstance(choice.source, BundledSource):
            return choice.source.open()
        needed = round((self.settings.size or BUNDLED_SIDE) * self.settings.style_scale * choice.scale)
        return choice.source.open(min(max(needed, BUNDLED_SIDE), LARGEST_BUNDLED_SIDE))

    @cached_property
    def start_picture(self) -> Picture | None:
        """The picture to start from, where one was given."""
        if self.plan.start is None:
            return None
        picture = self.plan.start.open()
        if _is_invisible(picture):
            raise PictureError(
                f"The picture {picture.name} to start from is transparent all over; nothing of it would show."
            )
        return picture

    def recipe(self, content: Source, folder: Path) -> dict[str, Any]:
        """The recipe of one picture that will lie in a folder."""
        return make_recipe(
            self.plan, content, self.settings, folder, encoder=self.encoder_record, torch=torch.__version__
        )

    def paint(self, content: Picture, report: Report, extras: Extras | None = None) -> Picture:
        """Paint one picture; its alpha comes back, at the size of the result.

        Raises:
            PictureError: a mask has another size than the content.
            Cancelled: the report asked for it.
        """
        for note in content.notes:
            report.note(f"{content.name}: {note}")
        for note in self._notes(content):
            # What is said of styles holds for every content.
            if note not in self._said:
                report.note(note)
                self._said.add(note)
        self._check_memory(content)
        regions = self._regions(content)
        result = self._optimize(content, regions, report, extras or Extras())
        alpha = content.alpha
        if alpha is not None:
            alpha = pictures.resize(alpha, (result.shape[-2], result.shape[-1])).clamp(0, 1)
        return Picture(
            result.clamp(0, 1).cpu().float(), alpha=alpha, bits=self.settings.bits, name=content.name
        )

    def _notes(self, content: Picture) -> Iterator[str]:
        """What the visitor should know about the pictures besides the content."""
        start = [] if self.start_picture is None else [self.start_picture]
        for picture in [*self.style_pictures, *start]:
            yield from (f"{picture.name}: {note}" for note in picture.notes)
        long_side = self.settings.size or max(content.width, content.height)
        for choice, picture in zip(self.plan.styles, self.style_pictures, strict=True):
            scale = self.settings.style_scale * choice.scale
            there, asked = max(picture.width, picture.height), round(long_side * scale)
            if scale > 1 and there < asked:
                yield (
                    f"{choice.source.name}: strokes {scale:g} times as large would take a style of {asked} "
                    f"pixels, this one is {there} long; they become as large as it allows."
                )

    def _optimize(self, content: Picture, regions: list[Region], report: Report, extras: Extras) -> Tensor:
        """The one place that calls the method."""
        with runtime.deterministic():
            result = optimize(
                content.pixels,
                regions,
                self.settings.for_optimize(),
                encoder=self.encoder,
                start=self._start(content),
                on_progress=_Listener(report, extras).hear,
                state=extras.state,
            )
        if result.cancelled:
            raise Cancelled("Stopped; no result was written.")
        return result.picture

    def _start(self, content: Picture) -> Tensor | None:
        """Pixels to start from; where they are transparent, the content shows through."""
        picture = self.start_picture
        if picture is None or picture.alpha is None:
            return None if picture is None else picture.pixels
        size = (content.height, content.width)
        pixels, alpha = pictures.resize(picture, size).pixels, pictures.resize(picture.alpha, size)
        return torch.lerp(content.pixels, pixels, alpha.clamp(0, 1))

    def _check_memory(self, content: Picture) -> None:
        """Refuse what cannot fit, before the system ends the program without a word."""
        height, width = scale_sizes(content.height, content.width, self.settings.for_optimize())[-1]
        needed = memory_needed(height, width)
        try:
            there = runtime.available_memory()
        except ResourceError:  # a system that does not tell, such as Windows; then it is tried
            return
        if self.device.type == "cpu" and needed > there:
            fits = int(max(height, width) * (there / needed) ** 0.5 * 0.9)
            raise ResourceError(
                f"A result of {width} × {height} pixels needs about {needed / 1e9:.1f} GB of memory and "
                f"{there / 1e9:.1f} GB are free; --size {fits} would fit."
            )

    def _regions(self, content: Picture) -> list[Region]:
        """Masks and styles as the method takes them; it shares overlaps and finds the background itself."""
        size = (content.height, content.width)
        return [
            Region(
                region.name,
                None if region.mask is None else self._mask(region.mask, size),
                [] if region.leave else self._styles(region.name),
                region.style_weight,
                region.content_weight,
            )
            for region in self.plan.regions
        ]

    def _mask(self, source: MaskSource, size: tuple[int, int]) -> Tensor:
        mask = source.open_mask()
        found = (mask.shape[-2], mask.shape[-1])
        if found != size:
            raise PictureError(
                f"The mask {source.name} is {found[1]} × {found[0]} pixels and the picture "
                f"{size[1]} × {size[0]}; a mask must be as large as the picture it is for."
            )
        return feather(mask, self.settings.feather)

    def _styles(self, region: str) -> list[Style]:
        pairs = zip(self.plan.styles, self.style_pictures, strict=True)
        return [
            Style(picture.pixels, choice.weight, choice.scale, picture.alpha)
            for choice, picture in pairs
            if choice.region == region and choice.weight > 0
        ]


def _is_invisible(picture: Picture) -> bool:
    return picture.alpha is not None and float(picture.alpha.max()) == 0


class _Listener:
    """Passes the method's progress on, writes previews now and then, and stops the work when asked to."""

    def __init__(self, report: Report, extras: Extras) -> None:
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
        now = time.monotonic()
        if self.extras.preview is None or now - self._last_preview < self.extras.preview_every:
            return
        pictures.save(preview().clamp(0, 1).cpu().float(), self.extras.preview, quality=85)
        self._last_preview = time.monotonic()
