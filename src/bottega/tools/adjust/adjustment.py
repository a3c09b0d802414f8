"""One adjustment of a picture, from the command line, from Python or from a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import BottegaError, PictureError
from bottega.tools.adjust.settings import AdjustSettings
from bottega.tools.common.condition_styles import restore_condition, style_picture_records
from bottega.tools.common.image_sources import FileSource, MaskSource, Source
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.recipe import (
    InputSearch,
    find_source,
    find_weights,
    recipe_header,
    weights_record,
)

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.personalize import AdjustmentNet, Condition
    from bottega.pictures import Picture

NETWORK = "adjust"
"""The packaged adjustment network."""
RECORDED_SETTINGS = ("strength", "skin_strength", "refine", "quality")
"""The settings in a recipe; attributes stand in its condition, files by themselves."""


@dataclass(frozen=True)
class Adjustment:
    """A picture, the condition for it, and the network.

    Attributes:
        settings: strength, also that on skin, optimization steps and quality; the network in ``model``.
        network: None adjusts by optimization alone.
        style_pictures: the files of the condition's styles.
    """

    content: Source
    mask: MaskSource | None
    condition: Condition
    settings: AdjustSettings
    network: AdjustmentNet | None
    style_pictures: tuple[FileSource, ...] = ()

    @classmethod
    def from_recipe(cls, recipe: Mapping[str, Any], search: InputSearch, name: str) -> Adjustment:
        """The adjustment of a recipe; ``name`` is the file that holds it, for messages.

        Raises:
            MismatchError: an input or the network has changed.
            PictureError: the recipe is damaged, or an input is missing.
        """
        from bottega.personalize import load_adjustment_net

        try:
            content = find_source(recipe["content"], search, name)
            mask = search.find(recipe["mask"]) if "mask" in recipe else None
            condition, styles = restore_condition(recipe, recipe["condition"], search)
            model = None if recipe["network"] is None else find_weights(recipe["network"], search, name)
            recorded = {key: recipe["settings"][key] for key in RECORDED_SETTINGS}
            settings = AdjustSettings(content=Path(content.name), model=model, **recorded)
        except BottegaError:
            raise
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise PictureError(f"The recipe in {name} is incomplete or damaged ({reason}).") from None
        network = None if model is None else load_adjustment_net(model)
        return cls(content, mask, condition, settings, network, tuple(styles))

    @property
    def inputs(self) -> list[Source]:
        """The files that are never overwritten."""
        return [self.content, *([] if self.mask is None else [self.mask]), *self.style_pictures]

    @cached_property
    def picture(self) -> Picture:
        """The picture to adjust."""
        return self.content.open()

    @cached_property
    def mask_pixels(self) -> Tensor | None:
        """What may change: ``(1, 1, H, W)`` in [0, 1], without transparent pixels; None is everything."""
        from bottega import pictures

        mask = None if self.mask is None else self.mask.open_mask()
        transparent = pictures.transparent_area(self.picture)
        if transparent is None:
            return mask
        visible = 1 - transparent
        return visible if mask is None else visible * pictures.check_mask_size(mask, self.picture)

    def run(self) -> Picture:
        """The adjusted picture."""
        from bottega import pictures
        from bottega.personalize import adjust

        pixels = adjust(
            self.picture.pixels,
            self.condition,
            self.mask_pixels,
            self.settings.strength,
            network=self.network,
            optimizer_steps=self.settings.refine,
            skin_strength=self.settings.skin_strength,
        )
        return replace(pictures.as_picture(pixels), alpha=self.picture.alpha, bits=self.picture.bits)

    def recipe(self, folder: Path) -> dict[str, Any]:
        """The recipe of a file in ``folder``."""
        mask = {} if self.mask is None else {"mask": self.mask.record(folder)}
        return {
            **recipe_header("adjust"),
            "content": self.content.record(folder),
            "condition": self.condition.model_dump(mode="json", exclude_none=True),
            **style_picture_records(self.condition, folder),
            **mask,
            "network": network_record(self.network, self.settings.model, folder),
            "settings": self.settings.model_dump(mode="json", include=set(RECORDED_SETTINGS)),
        }


def open_network(model: str | None, reporter: ProgressReporter) -> AdjustmentNet | None:
    """The adjustment network of a name or file; without one the packaged network, or None if it is missing.

    Raises:
        WeightsError: the named network is missing, or of another kind.
    """
    from bottega.personalize import load_adjustment_net, load_packaged_adjustment_net

    if model is not None:
        return load_adjustment_net(model)
    network = load_packaged_adjustment_net()
    if network is None:
        reporter.note(f'The network "{NETWORK}" is missing; pictures are adjusted by optimization alone.')
    return network


def network_record(network: AdjustmentNet | None, model: str | None, folder: Path) -> dict[str, Any] | None:
    """What a recipe in ``folder`` records of the network."""
    return None if network is None else weights_record(model or NETWORK, folder)
