"""Paints pictures by one plan: styles and network are loaded once, each content is then painted with them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bottega import encoders, pictures, runtime, transfer, weights
from bottega.errors import Cancelled, PictureError, SettingsError
from bottega.pictures import Picture
from bottega.tools.paint_settings import PaintSettings
from bottega.tools.plan import Plan
from bottega.tools.recipe import make_recipe
from bottega.tools.sources import MaskSource, Source
from bottega.tools.tool import Report


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
            }
        )

    @cached_property
    def encoder_record(self) -> dict[str, Any]:
        """Name and sha256 of the encoder's weights, for the recipe."""
        name = self.settings.encoder
        if name not in encoders.ENCODERS:
            raise SettingsError(f'There is no encoder "{name}"; there are {", ".join(encoders.ENCODERS)}.')
        return {"name": name, "sha256": weights.entry(name).sha256}

    @cached_property
    def encoder(self) -> encoders.Encoder:
        return encoders.load(self.encoder_record["name"]).to(self.device)

    @cached_property
    def style_pictures(self) -> list[Tensor]:
        return [choice.source.open().pixels for choice in self.plan.styles]

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
            report.note(f"{content.name}: {note}.")
        regions = self._regions(content)
        listener = _Listener(report, extras or Extras())
        with runtime.deterministic():
            result = self._optimize(content.pixels, regions, listener)
        if listener.stopped:
            raise Cancelled("Stopped; no result was written.")
        alpha = content.alpha
        if alpha is not None:
            alpha = pictures.resize(alpha, (result.shape[-2], result.shape[-1])).clamp(0, 1)
        return Picture(
            result.clamp(0, 1).cpu().float(), alpha=alpha, bits=self.settings.bits, name=content.name
        )

    def _optimize(self, content: Tensor, regions: list[transfer.Region], listener: _Listener) -> Tensor:
        """The one place that calls the method."""
        result = transfer.optimize(
            content.to(self.device),
            regions,
            self.settings.for_optimize(),
            encoder=self.encoder,
            on_progress=listener.hear,
        )
        return result.picture

    def _regions(self, content: Picture) -> list[transfer.Region]:
        """Masks and styles as the method takes them; the background is what no mask covers."""
        size = (content.height, content.width)
        covered = torch.zeros(1, 1, *size)
        regions = []
        for region in sorted(self.plan.regions, key=lambda region: region.mask is None):
            mask = 1 - covered if region.mask is None else _checked(region.mask, size)
            covered = (covered + mask).clamp(max=1)
            regions.append(
                transfer.Region(mask.to(self.device), [] if region.leave else self._styles(region.name))
            )
        return regions

    def _styles(self, region: str) -> list[transfer.Style]:
        pairs = zip(self.plan.styles, self.style_pictures, strict=True)
        return [
            transfer.Style(picture.to(self.device), weight=choice.weight)
            for choice, picture in pairs
            if choice.region == region and choice.weight > 0
        ]


def _checked(source: MaskSource, size: tuple[int, int]) -> Tensor:
    mask = source.open_mask()
    found = (mask.shape[-2], mask.shape[-1])
    if found != size:
        raise PictureError(
            f"The mask {source.name} is {found[1]} × {found[0]} pixels and the picture {size[1]} × {size[0]}"
            "; a mask must be as large as the picture it is for."
        )
    return mask


class _Listener:
    """Passes the method's progress on, writes previews now and then, and stops the work when asked to."""

    def __init__(self, report: Report, extras: Extras) -> None:
        self.report = report
        self.extras = extras
        self.stopped = False
        self._last_preview = time.monotonic()

    def hear(self, progress: transfer.Progress) -> bool:
        message = f"scale {progress.scale} of {progress.scales}"
        self.report.progress(
            progress.done, message, seconds_left=progress.seconds_left, preview=progress.preview
        )
        self._write_preview(progress.preview)
        self.stopped = self.report.cancelled()
        return not self.stopped

    def _write_preview(self, preview: Callable[[], Tensor]) -> None:
        now = time.monotonic()
        if self.extras.preview is None or now - self._last_preview < self.extras.preview_every:
            return
        pictures.save(preview().clamp(0, 1).cpu().float(), self.extras.preview, quality=85)
        self._last_preview = time.monotonic()
