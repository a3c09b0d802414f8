"""What goes where: which styles with which weights and scales in which regions, and what to start from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from bottega.errors import SettingsError
from bottega.tools.common.image_sources import MaskSource, Source

BACKGROUND = "background"
LARGEST_WEIGHT = 1e6
LARGEST_SCALE = 8
"""As for the settings of the whole picture."""
NO_WEIGHTS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class StyleChoice:
    """One style: its picture, its share among the styles of its region, its region, its stroke size.

    Raises:
        SettingsError: the weight or the scale is out of range.
    """

    source: Source
    weight: float = 1.0
    region: str = BACKGROUND
    scale: float = 1.0
    """Multiplies the whole picture's ``style_scale``."""

    def __post_init__(self) -> None:
        _check_weight(self.weight, f"The weight of the style {self.source.name}")
        if not (_is_number(self.scale) and 0 < self.scale <= LARGEST_SCALE):
            raise SettingsError(
                f"The scale of the style {self.source.name} is {self.scale}; "
                f"use a number above 0 and up to {LARGEST_SCALE}."
            )


@dataclass(frozen=True)
class RegionChoice:
    """One region: a mask (none for the background), and whether its pixels are left alone.

    The weights multiply the whole picture's ``style_weight`` and ``content_weight`` there.

    Raises:
        SettingsError: a weight is out of range.
    """

    name: str
    mask: MaskSource | None
    leave: bool = False
    style_weight: float = 1.0
    content_weight: float = 1.0

    def __post_init__(self) -> None:
        _check_weight(self.style_weight, f'The style weight of the region "{self.name}"')
        _check_weight(self.content_weight, f'The content weight of the region "{self.name}"')


@dataclass(frozen=True)
class Plan:
    """Everything that does not depend on the content picture, besides settings."""

    styles: tuple[StyleChoice, ...]
    regions: tuple[RegionChoice, ...]
    start: Source | None = None
    """A picture to start from; none starts from what the settings say."""

    @property
    def label(self) -> str:
        """Short, for the names of results: ``woodcut``, ``starry-night+woodcut``."""
        return "+".join(dict.fromkeys(choice.source.label for choice in self.styles))

    @property
    def sources(self) -> list[Source]:
        """Every picture and mask."""
        masks: list[Source] = [region.mask for region in self.regions if region.mask is not None]
        start = [] if self.start is None else [self.start]
        return [choice.source for choice in self.styles] + masks + start


def make_plan(
    styles: Sequence[StyleChoice],
    regions: Sequence[RegionChoice] = (),
    leave: Sequence[RegionChoice] = (),
    *,
    style_weights: Mapping[str, float] = NO_WEIGHTS,
    content_weights: Mapping[str, float] = NO_WEIGHTS,
    start: Source | None = None,
    only_style: Source | None = None,
) -> Plan:
    """Put styles and regions together and check that nothing is left undecided.

    Args:
        style_weights, content_weights: of regions, by their names; the background has one too.
        only_style: what every region takes that is not left alone, for a method that has no other.

    Raises:
        SettingsError: a style or weight names no region, a region has no style, or two regions have one name.
    """
    table = {region.name: region for region in regions}
    if len(table) < len(regions):
        raise SettingsError(
            f"Two masks have one region name; the regions are {_listed(r.name for r in regions)}."
        )
    for region in leave:
        known = table.get(region.name)
        if known is not None and region.mask is not None:
            raise SettingsError(f'The region "{region.name}" is given twice, as a region and to leave alone.')
        if known is None and region.mask is None and region.name != BACKGROUND:
            raise SettingsError(
                f'There is no region "{region.name}" to leave alone; '
                f"give its mask: --leave {region.name}=mask.png."
            )
        table[region.name] = RegionChoice(
            region.name, region.mask or (known.mask if known else None), leave=True
        )
    table.setdefault(BACKGROUND, RegionChoice(BACKGROUND, None))
    _weigh(table, "style_weight", style_weights)
    _weigh(table, "content_weight", content_weights)
    if only_style is not None:
        styles = [StyleChoice(only_style, region=name) for name, r in table.items() if not r.leave]
    plan = Plan(tuple(styles), tuple(table.values()), start)
    _check(plan)
    return plan


def _weigh(table: dict[str, RegionChoice], field: str, weights: Mapping[str, float]) -> None:
    """Give regions their weights."""
    word = field.replace("_", " ")
    for name, weight in weights.items():
        if name not in table:
            raise SettingsError(
                f'There is no region "{name}" to give a {word}; the regions are {_listed(table)}.'
            )
        if table[name].leave:
            raise SettingsError(
                f'The region "{name}" is left alone, so a {word} does nothing there; drop it.'
            )
        changed: dict[str, Any] = {field: weight}
        table[name] = replace(table[name], **changed)


def _check(plan: Plan) -> None:
    names = [region.name for region in plan.regions]
    for choice in plan.styles:
        if choice.region not in names:
            raise SettingsError(
                f'The style {choice.source.name} is for a region "{choice.region}" that has no mask; '
                f"give --region {choice.region}=mask.png."
            )
    styled = {choice.region for choice in plan.styles}
    for region in plan.regions:
        if region.leave and region.name in styled:
            raise SettingsError(f'The region "{region.name}" has a style and is to be left alone; drop one.')
        if not region.leave and region.name not in styled:
            raise SettingsError(
                f'The region "{region.name}" has no style; give --style {region.name}=..., '
                f"or --leave {region.name} to keep its pixels."
            )
        if not region.leave and not any(c.weight for c in plan.styles if c.region == region.name):
            raise SettingsError(
                f'All styles of the region "{region.name}" have weight 0; give one more than 0.'
            )


def _check_weight(weight: float, name: str) -> None:
    if not (_is_number(weight) and 0 <= weight <= LARGEST_WEIGHT):
        raise SettingsError(f"{name} is {weight}; use a number from 0 to {LARGEST_WEIGHT:.0f}.")


def _is_number(value: object) -> bool:
    """Programs may hand over anything."""
    return isinstance(value, int | float)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
