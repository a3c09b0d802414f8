"""The plan of a style transfer: which styles go where, with which weights, and what it starts from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from bottega.errors import SettingsError
from bottega.tools.common.image_sources import Source, start_source
from bottega.tools.stylize.style_spec import (
    BACKGROUND,
    RegionSpec,
    StyleSpec,
    parse_protect,
    parse_region,
    parse_region_weights,
    parse_style,
)

NO_WEIGHTS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class Plan:
    """Everything besides settings that does not depend on the content picture.

    Attributes:
        start: a picture to start from; None starts from what the settings say.
    """

    styles: tuple[StyleSpec, ...]
    regions: tuple[RegionSpec, ...]
    start: Source | None = None

    @property
    def label(self) -> str:
        """Short, for the names of results: ``woodcut``, ``starry-night+woodcut``."""
        return "+".join(dict.fromkeys(spec.source.label for spec in self.styles))

    @property
    def sources(self) -> list[Source]:
        """Every picture and mask."""
        masks: list[Source] = [region.mask for region in self.regions if region.mask is not None]
        start = [] if self.start is None else [self.start]
        return [spec.source for spec in self.styles] + masks + start


def parse_plan(
    styles: Sequence[str],
    regions: Sequence[str] = (),
    protect: Sequence[str] = (),
    *,
    style_weights: Sequence[str] = (),
    content_weights: Sequence[str] = (),
    start: str = "content",
    fixed_styles: Sequence[str] | None = None,
    only_style: Source | None = None,
    video: bool = False,
) -> Plan:
    """The plan that the command line describes; see :mod:`bottega.tools.stylize.style_spec`.

    Args:
        fixed_styles: the styles of the network, instead of files and bundled styles.
        only_style, video: see :func:`make_plan`; masks of videos may be folders.

    Raises:
        SettingsError: the syntax is wrong, or styles and regions do not fit together.
        PictureError: a file does not exist.
    """
    return make_plan(
        [parse_style(text, fixed_styles) for text in styles],
        [parse_region(text, video=video) for text in regions],
        [parse_protect(text, index, video=video) for index, text in enumerate(protect, start=1)],
        style_weights=parse_region_weights(style_weights, "style"),
        content_weights=parse_region_weights(content_weights, "content"),
        start=start_source(start),
        only_style=only_style,
        video=video,
    )


def make_plan(
    styles: Sequence[StyleSpec],
    regions: Sequence[RegionSpec] = (),
    protect: Sequence[RegionSpec] = (),
    *,
    style_weights: Mapping[str, float] = NO_WEIGHTS,
    content_weights: Mapping[str, float] = NO_WEIGHTS,
    start: Source | None = None,
    only_style: Source | None = None,
    video: bool = False,
) -> Plan:
    """Combine styles and regions, and check that every region is defined completely.

    Args:
        style_weights, content_weights: by the names of regions; the background has one too.
        only_style: the style of every region that is not protected, for a method that has no other.
        video: whether styles may have a start time.

    Raises:
        SettingsError: a style or weight is for an unknown region, a region has no style, or two regions have
            the same name.
    """
    by_name = {region.name: region for region in regions}
    if len(by_name) < len(regions):
        raise SettingsError(
            f"Two masks have one region name; the regions are {_quoted(r.name for r in regions)}."
        )
    for region in protect:
        same_name = by_name.get(region.name)
        if same_name is not None and region.mask is not None:
            raise SettingsError(f'The region "{region.name}" is given twice, by --region and by --protect.')
        if same_name is None and region.mask is None and region.name != BACKGROUND:
            raise SettingsError(
                f'There is no region "{region.name}" to protect; '
                f"give its mask: --protect {region.name}=mask.png."
            )
        mask = region.mask or (same_name.mask if same_name else None)
        by_name[region.name] = RegionSpec(region.name, mask, protect=True)
    by_name.setdefault(BACKGROUND, RegionSpec(BACKGROUND, None))
    _set_weights(by_name, "style_weight", style_weights)
    _set_weights(by_name, "content_weight", content_weights)
    if only_style is not None:
        styles = [StyleSpec(only_style, region=name) for name, r in by_name.items() if not r.protect]
    _check_styles(styles, by_name, video)
    return Plan(tuple(styles), tuple(by_name.values()), start)


def _set_weights(regions: dict[str, RegionSpec], field: str, weights: Mapping[str, float]) -> None:
    label = field.replace("_", " ")
    for name, weight in weights.items():
        if name not in regions:
            raise SettingsError(
                f'There is no region "{name}" to give a {label}; the regions are {_quoted(regions)}.'
            )
        if regions[name].protect:
            raise SettingsError(f'The region "{name}" is protected, so a {label} has no effect; remove it.')
        changes: dict[str, Any] = {field: weight}
        regions[name] = replace(regions[name], **changes)


def _check_styles(styles: Sequence[StyleSpec], regions: Mapping[str, RegionSpec], video: bool) -> None:
    for spec in styles:
        name, label = spec.source.name, spec.region
        if label not in regions:
            raise SettingsError(
                f'The style {name} is for the region "{label}", which has no mask; '
                f"give --region {label}=mask.png."
            )
        if spec.start_seconds is not None and not video:
            raise SettingsError(
                f"The style {name} has a start time (@{spec.start_seconds:g}s), which is for videos, and the "
                "content is a picture."
            )
    for region in regions.values():
        name, weights = region.name, [spec.weight for spec in styles if spec.region == region.name]
        if region.protect and weights:
            raise SettingsError(f'The region "{name}" has a style and is protected; remove one.')
        if not region.protect and not weights:
            raise SettingsError(
                f'The region "{name}" has no style; give --style {name}=..., or --protect {name} to keep its '
                "pixels."
            )
        if not region.protect and not any(weights):
            raise SettingsError(f'All styles of the region "{name}" have weight 0; give one more than 0.')


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
