"""Paints pictures by one plan: styles and network are loaded once, each content is then painted with them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from bottega import pictures, runtime
from bottega.errors import PictureError, ResourceError
from bottega.pictures import Picture
from bottega.tools.common.image_sources import BundledSource, MaskSource, Source
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.stylize.methods import METHODS, Extras, Stylizer, Task
from bottega.tools.stylize.methods.base import result_size
from bottega.tools.stylize.plan import Plan, StyleChoice
from bottega.tools.stylize.recipe import make_recipe
from bottega.tools.stylize.settings import PaintSettings
from bottega.transfer.regions import Region, Style, feather


class Painter:
    """A plan and settings, ready to paint one picture after the other by any method.

    Args:
        plan: styles and regions.
        settings: as asked for.
        stylizer: the method, where it was opened before and serves several plans; it then has the settings.

    Raises:
        SettingsError, ResourceError: device, engine or precision are not to be had.
        WeightsError: weights are missing or damaged.
    """

    def __init__(self, plan: Plan, settings: PaintSettings, stylizer: Stylizer | None = None) -> None:
        self.plan = plan
        self.stylizer = stylizer or METHODS[settings.method].open(settings)
        self._said: set[str] = set()

    @cached_property
    def settings(self) -> PaintSettings:
        """With device, engine, precision and threads resolved to what this machine gives."""
        settings = self.stylizer.settings
        return settings if self.plan.start is None else settings.model_copy(update={"start": "picture"})

    @cached_property
    def style_pictures(self) -> list[Picture]:
        """One per style of the plan; bundled ones painted as large as the result needs."""
        found = [self._open_style(choice) for choice in self.plan.styles]
        for picture in found:
            if picture.alpha is not None and float(picture.alpha.max()) == 0:
                raise PictureError(
                    f"The style {picture.name} is transparent all over; there is no style in it."
                )
        return found

    def _open_style(self, choice: StyleChoice) -> Picture:
        if not isinstance(choice.source, BundledSource):
            return choice.source.open()
        return choice.source.open(self.stylizer.bundled_side(choice.scale))

    def recipe(self, content: Source, folder: Path) -> dict[str, Any]:
        """The recipe of one picture that will lie in a folder."""
        weights = self.stylizer.weights(folder)
        return make_recipe(self.plan, content, self.settings, folder, weights=weights)

    def paint(self, content: Picture, report: ProgressReporter, extras: Extras | None = None) -> Picture:
        """Paint one picture; its alpha comes back, at the size of the result.

        Raises:
            PictureError: a mask has another size than the content.
            Cancelled: the report asked for it.
        """
        size = result_size(content.height, content.width, self.stylizer.asked.size or 0)
        task = Task(self.plan, content, self._regions(content), size, report, extras or Extras())
        self._tell(task)
        self._check_memory(task)
        result = self.stylizer.paint(task)
        alpha = content.alpha
        if alpha is not None:
            alpha = pictures.resize(alpha, size).clamp(0, 1)
        if isinstance(result, Tensor):
            result = result.clamp(0, 1).cpu().float()
        return Picture(result, alpha=alpha, bits=self.stylizer.asked.bits, name=content.name)

    def _tell(self, task: Task) -> None:
        """Say what the visitor should know about the pictures."""
        for note in task.content.notes:
            task.report.note(f"{task.content.name}: {note}")
        notes = [f"{picture.name}: {note}" for picture in self.style_pictures for note in picture.notes]
        for note in [*notes, *self.stylizer.notes(task, self.style_pictures)]:
            # What is said of styles holds for every content.
            if note not in self._said:
                task.report.note(note)
                self._said.add(note)

    def _check_memory(self, task: Task) -> None:
        """Refuse what cannot fit, before the system ends the program without a word."""
        if self.stylizer.device.type != "cpu":
            return
        needed = self.stylizer.memory_needed(task)
        try:
            there = runtime.available_memory()
        except ResourceError:  # a system that does not tell, such as Windows; then it is tried
            return
        if needed > there:
            height, width = task.size
            fits = int(max(height, width) * (there / needed) ** 0.5 * 0.9)
            raise ResourceError(
                f"A result of {width} × {height} pixels needs about {needed / 1e9:.1f} GB of memory and "
                f"{there / 1e9:.1f} GB are free; --size {fits} would fit."
            )

    def _regions(self, content: Picture) -> list[Region]:
        """Masks and styles as methods take them; they share overlaps and find the background themselves."""
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
        if float(mask.max()) == 0:
            raise PictureError(f"The mask {source.name} is black everywhere; white is what it covers.")
        return feather(mask, self.stylizer.asked.feather)

    def _styles(self, region: str) -> list[Style]:
        pairs = zip(self.plan.styles, self.style_pictures, strict=True)
        return [
            Style(picture.pixels, choice.weight, choice.scale, picture.alpha)
            for choice, picture in pairs
            if choice.region == region and choice.weight > 0
        ]
