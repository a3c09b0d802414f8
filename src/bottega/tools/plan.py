"""What goes where: which styles with which weights in which regions, from the words of the visitor.

The words of ``--style``::

    painting.jpg             a file
    painting.jpg:0.4         with a weight
    subject=vermeer.jpg:0.7  for one region
    woodcut, woodcut@3       a bundled style, with a seed

A word that names an existing file is that file, whatever signs are in it. Without a region a style is for the
*background*: everything that no mask covers, so the whole picture where there are no masks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bottega.errors import PictureError, SettingsError
from bottega.tools.sources import MaskSource, Source, file_source, style_source

BACKGROUND = "background"
REGION_NAME = re.compile(r"[^\W\d][\w-]*")
WEIGHT = re.compile(r"\d+(\.\d*)?|\.\d+")


@dataclass(frozen=True)
class StyleChoice:
    """One style: its picture, its share among the styles of its region, its region."""

    source: Source
    weight: float = 1.0
    region: str = BACKGROUND


@dataclass(frozen=True)
class RegionChoice:
    """One region: a mask (none for the background), and whether its pixels are left alone."""

    name: str
    mask: MaskSource | None
    leave: bool = False


@dataclass(frozen=True)
class Plan:
    """Everything about the styles that does not depend on the content picture."""

    styles: tuple[StyleChoice, ...]
    regions: tuple[RegionChoice, ...]

    @property
    def label(self) -> str:
        """Short, for the names of results: ``woodcut``, ``starry-night+woodcut``."""
        return "+".join(dict.fromkeys(choice.source.label for choice in self.styles))

    @property
    def sources(self) -> list[Source]:
        """Every picture and mask."""
        masks: list[Source] = [region.mask for region in self.regions if region.mask is not None]
        return [choice.source for choice in self.styles] + masks


def read_plan(styles: Sequence[str], regions: Sequence[str] = (), leave: Sequence[str] = ()) -> Plan:
    """The plan that the visitor's words describe.

    Raises:
        SettingsError: a word does not follow the syntax, or styles and regions do not fit together.
        PictureError: a file does not exist.
    """
    return make_plan(
        [read_style(word) for word in styles],
        [read_region(word) for word in regions],
        [_read_leave(word, number) for number, word in enumerate(leave, start=1)],
    )


def make_plan(
    styles: Sequence[StyleChoice], regions: Sequence[RegionChoice] = (), leave: Sequence[RegionChoice] = ()
) -> Plan:
    """Put styles and regions together and check that nothing is left undecided.

    Raises:
        SettingsError: a style names no region, a region has no style, or two regions have one name.
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
    plan = Plan(tuple(styles), tuple(table.values()))
    _check(plan)
    return plan


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


def read_style(word: str) -> StyleChoice:
    """One word of ``--style``.

    Raises:
        SettingsError: the syntax, or no such bundled style.
        PictureError: no such file.
    """
    if Path(word).is_file():
        return StyleChoice(style_source(word))
    rest, weight = _split_weight(word)
    if Path(rest).is_file():
        return StyleChoice(style_source(rest), weight)
    region, sign, name = word.partition("=")
    if not sign or not REGION_NAME.fullmatch(region):
        return StyleChoice(style_source(rest), weight)
    if Path(name).is_file():
        return StyleChoice(style_source(name), 1.0, region)
    rest, weight = _split_weight(name)
    return StyleChoice(style_source(rest), weight, region)


def _split_weight(word: str) -> tuple[str, float]:
    rest, sign, weight = word.rpartition(":")
    if not sign or not rest:
        return word, 1.0
    if WEIGHT.fullmatch(weight):
        return rest, float(weight)
    try:
        float(weight)
    except ValueError:
        return word, 1.0
    raise SettingsError(f'The weight in "{word}" is {weight}; use a number from 0 up, as in {rest}:0.4.')


def read_region(word: str) -> RegionChoice:
    """One word of ``--region``: ``name=mask.png``.

    Raises:
        SettingsError: the syntax.
        PictureError: no such file.
    """
    name, sign, path = word.partition("=")
    if not sign or not REGION_NAME.fullmatch(name):
        raise SettingsError(f'"{word}" is not a region; write name=mask.png, as in subject=mask.png.')
    if name == BACKGROUND:
        raise SettingsError("The background needs no mask: it is everything that no other mask covers.")
    return RegionChoice(name, file_source(Path(path)))


def _read_leave(word: str, number: int) -> RegionChoice:
    """One word of ``--leave``: a mask, ``name=mask.png``, or the name of a region that has a mask."""
    if Path(word).is_file():
        return RegionChoice(f"leave-{number}", file_source(Path(word)), leave=True)
    if "=" in word:
        region = read_region(word)
        return RegionChoice(region.name, region.mask, leave=True)
    if REGION_NAME.fullmatch(word):
        return RegionChoice(word, None, leave=True)
    raise PictureError(f"There is no mask {word}.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
