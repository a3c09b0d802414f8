"""The pipeline: one plan and one method, which stylize any number of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from bottega import pictures, runtime
from bottega.errors import PictureError, ResourceError
from bottega.pictures import Picture
from bottega.tools.common.image_sources import BundledSource, MaskSource, Source
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.stylize.methods.base import Method, SideOutputs, StylizeRequest, result_size
from bottega.tools.stylize.plan import Plan
from bottega.tools.stylize.recipe import make_recipe
from bottega.tools.stylize.settings import TransferSettings
from bottega.transfer.regions import Region, Style, feather

TRANSPARENT_MARGIN_PIXELS = 4
"""Pixels this close to visible ones are stylized with them, as networks and resizing look at neighbors."""
MAX_ENLARGEMENT = 4
"""Beyond this factor a note says that the result will look soft."""


def open_method(settings: TransferSettings) -> Method:
    """The method of some settings. Only its module is imported; its networks are loaded when needed.

    Raises:
        SettingsError, ResourceError: the device is not available.
    """
    match settings.method:
        case "optimize":
            from bottega.tools.stylize.methods.optimize import OptimizeMethod

            return OptimizeMethod(settings)
        case "adain":
            from bottega.tools.stylize.methods.arbitrary_style import AdaINMethod

            return AdaINMethod(settings)
        case "fast" | "multi":
            from bottega.tools.stylize.methods.fixed_styles import FixedStylesMethod

            return FixedStylesMethod(settings)
    from bottega.tools.stylize.methods.micro import MicroMethod

    return MicroMethod(settings)


def enlargement_note(name: str, picture: Picture, long_side: int) -> str:
    """What the user should know where a result is many times as large as the picture; else empty."""
    side = max(picture.height, picture.width)
    if long_side <= MAX_ENLARGEMENT * side:
        return ""
    return (
        f"{name} has {side} pixels and the result {long_side}: enlarged {long_side / side:.3g} times it "
        f"looks soft. --size {MAX_ENLARGEMENT * side} at most, or a larger original, looks better."
    )


class StylizePipeline:
    """Stylizes one picture after the other; styles and network are loaded once."""

    def __init__(self, plan: Plan, method: Method) -> None:
        self.plan = plan
        self.method = method
        self._reported: set[str] = set()

    @cached_property
    def settings(self) -> TransferSettings:
        """With the device, engine, precision and threads that are really used."""
        settings = self.method.settings
        return settings if self.plan.start is None else settings.model_copy(update={"start": "picture"})

    @cached_property
    def style_pictures(self) -> list[Picture]:
        """One per style of the plan; bundled ones drawn as large as the result needs.

        Raises:
            PictureError: one cannot be read or is fully transparent.
        """
        styles = []
        for spec in self.plan.styles:
            if isinstance(spec.source, BundledSource):
                picture = spec.source.open(self.method.bundled_style_size(spec.scale))
            else:
                picture = spec.source.open()
            styles.append(picture)
        return styles

    def recipe(self, content: Source, folder: Path) -> dict[str, Any]:
        """The recipe of a result in a folder."""
        weights = self.method.weights(folder)
        return make_recipe(self.plan, content, self.settings, folder, weights=weights)

    def run(
        self, content: Picture, reporter: ProgressReporter, side_outputs: SideOutputs | None = None
    ) -> Picture:
        """Stylize one picture; its alpha is kept, at the size of the result.

        Raises:
            PictureError: a mask has another size than the content.
            SettingsError, ResourceError: the engine or precision is not available, or memory is too small.
            WeightsError: weights are missing or damaged.
            Cancelled: the user wants to stop.
        """
        requested = self.method.requested
        size = result_size(content.height, content.width, requested.size or 0)
        regions = self._regions(content)
        request = StylizeRequest(self.plan, content, regions, size, reporter, side_outputs or SideOutputs())
        self._report_notes(request)
        self._check_memory(request)
        result = self.method.stylize(request)
        alpha = content.alpha
        if alpha is not None:
            alpha = pictures.resize(alpha, size).clamp(0, 1)
        if isinstance(result, Tensor):
            result = result.clamp(0, 1).cpu().float()
        return Picture(result, alpha=alpha, bits=requested.bits, name=content.name)

    def _report_notes(self, request: StylizeRequest) -> None:
        for note in request.content.notes:
            request.reporter.note(f"{request.content.name}: {note}")
        if note := enlargement_note(request.content.name, request.content, max(request.size)):
            request.reporter.note(note)
        notes = [f"{picture.name}: {note}" for picture in self.style_pictures for note in picture.notes]
        for note in [*notes, *self.method.notes(request, self.style_pictures)]:
            # Notes about styles hold for every content, so each is reported once.
            if note not in self._reported:
                request.reporter.note(note)
                self._reported.add(note)

    def _check_memory(self, request: StylizeRequest) -> None:
        """Raises ResourceError for what cannot fit, before the system kills the process."""
        if self.method.device.type != "cpu":
            return
        needed = self.method.memory_needed(request)
        try:
            available = runtime.available_memory()
        except ResourceError:  # a system that does not report it, such as Windows
            return
        if needed > available:
            height, width = request.size
            fitting = int(max(height, width) * (available / needed) ** 0.5 * 0.9)
            raise ResourceError(
                f"A result of {width} × {height} pixels needs about {needed / 1e9:.1f} GB of memory and "
                f"{available / 1e9:.1f} GB are free; --size {fitting} would fit."
            )

    def _regions(self, content: Picture) -> Sequence[Region]:
        """The plan's regions, without the content's transparent area, which is a region without styles."""
        size = (content.height, content.width)
        transparent = pictures.transparent_area(content, TRANSPARENT_MARGIN_PIXELS)
        masks: list[Tensor | None] = []
        for region in self.plan.regions:
            mask = None if region.mask is None else self._open_mask(region.mask, size)
            if mask is not None and transparent is not None:
                mask = mask * (1 - transparent)
                if content.alpha is not None and float((mask * content.alpha).max()) == 0:
                    raise PictureError(
                        f'The mask of the region "{region.name}" covers nothing but transparent pixels of '
                        f"{content.name}."
                    )
            masks.append(mask)
        regions = [
            Region(
                region.name,
                mask,
                [
                    Style(picture.pixels, spec.weight, spec.scale, picture.alpha)
                    for spec, picture in zip(self.plan.styles, self.style_pictures, strict=True)
                    if spec.region == region.name and spec.weight > 0
                ],
                region.style_weight,
                region.content_weight,
            )
            for region, mask in zip(self.plan.regions, masks, strict=True)
        ]
        if transparent is not None:
            regions.append(Region("transparent pixels", transparent))
        return regions

    def _open_mask(self, source: MaskSource, size: tuple[int, int]) -> Tensor:
        mask = source.open_mask()
        height, width = mask.shape[-2:]
        if (height, width) != size:
            raise PictureError(
                f"The mask {source.name} is {width} × {height} pixels and the picture "
                f"{size[1]} × {size[0]}; they must have the same size."
            )
        if float(mask.max()) == 0:
            raise PictureError(f"The mask {source.name} is black everywhere; white is what it covers.")
        return feather(mask, self.method.requested.feather)
