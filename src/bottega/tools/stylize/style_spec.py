"""Styles and regions as the user gives them, as text or as Python objects.

The values of ``--style``::

    painting.jpg             a file
    painting.jpg:0.4         with a weight
    painting.jpg:scale=1.5   with larger strokes; both: painting.jpg:0.4:scale=1.5
    subject=painting.jpg     for one region
    woodcut, woodcut@3       a bundled style, with a seed
    painting.jpg@5s          in videos: from second 5 on; the style before fades into it

Text that is the path of an existing file always means that file. A style without a region is for the
*background*: everything that no mask covers, so the whole picture if there are no masks. For a method whose
network has fixed styles, their names take the place of files and bundled styles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bottega.errors import PictureError, SettingsError
from bottega.suggestions import closest_match
from bottega.tools.common.image_sources import (
    FileSource,
    FolderSource,
    MaskSource,
    MemorySource,
    Source,
    TrainedSource,
    content_source,
    file_source,
    is_style,
    style_source,
)

BACKGROUND = "background"
MAX_WEIGHT = 1e6
MAX_SCALE = 8
"""As for the setting ``style_scale``."""

REGION_NAME = re.compile(r"[^\W\d][\w-]*")
SCALE_PREFIX = "scale="
START_TIME = re.compile(r"(?P<style>.+)@(?P<seconds>\d+(\.\d+)?)s(?P<options>(:.*)?)")
TRAILING_OPTIONS = re.compile(r"(:(scale=)?[\d.]+)+$")
"""Weight and scale after a file that does not exist, so that the message names the file alone."""


@dataclass(frozen=True)
class StyleSpec:
    """One style: its picture and how it is used.

    Attributes:
        weight: share among the styles of the region.
        scale: stroke size, as a multiple of the setting ``style_scale``.
        start_seconds: in videos, the time when the style has faded in; None is 0.

    Raises:
        SettingsError: the weight or the scale is out of range.
    """

    source: Source
    weight: float = 1.0
    region: str = BACKGROUND
    scale: float = 1.0
    start_seconds: float | None = None

    def __post_init__(self) -> None:
        _check_weight(self.weight, f"The weight of the style {self.source.name}")
        if not (isinstance(self.scale, int | float) and 0 < self.scale <= MAX_SCALE):
            raise SettingsError(
                f"The scale of the style {self.source.name} is {self.scale}; "
                f"use a number above 0 and up to {MAX_SCALE}."
            )


@dataclass(frozen=True)
class RegionSpec:
    """One region.

    Attributes:
        mask: None for the background.
        protect: whether its pixels stay unchanged.
        style_weight, content_weight: multiply the settings of these names in the region.

    Raises:
        SettingsError: a weight is out of range.
    """

    name: str
    mask: MaskSource | None
    protect: bool = False
    style_weight: float = 1.0
    content_weight: float = 1.0

    def __post_init__(self) -> None:
        _check_weight(self.style_weight, f'The style weight of the region "{self.name}"')
        _check_weight(self.content_weight, f'The content weight of the region "{self.name}"')


def parse_style(text: str, fixed_styles: Sequence[str] | None = None) -> StyleSpec:
    """One value of ``--style``.

    Args:
        fixed_styles: the styles of a network, instead of files and bundled styles.

    Raises:
        SettingsError: the syntax is wrong, or there is no such bundled or fixed style.
        PictureError: the file does not exist.
    """
    region, timeless, seconds = BACKGROUND, text, None
    if not _exists(text, fixed_styles) and (match := START_TIME.fullmatch(text)):
        timeless, seconds = match["style"] + match["options"], float(match["seconds"])
    style, options = _split_options(timeless, fixed_styles)
    before, sign, after = timeless.partition("=")
    if sign and not _exists(style, fixed_styles) and REGION_NAME.fullmatch(before):
        region, (style, options) = before, _split_options(after, fixed_styles)
    source = style_source(style) if fixed_styles is None else _fixed_source(style, fixed_styles)
    numbers: dict[str, float] = {}
    for option in options:
        kind = "scale" if option.startswith(SCALE_PREFIX) else "weight"
        if kind in numbers:
            raise SettingsError(f'"{text}" has two numbers for its {kind}; keep one.')
        hint = {
            "weight": f"{style}:0.4 (and {style}:{SCALE_PREFIX}1.5 makes its strokes larger)",
            "scale": f"{style}:{SCALE_PREFIX}1.5",
        }[kind]
        number = option.removeprefix(SCALE_PREFIX)
        message = f'In "{text}", "{number}" is not a {kind}; a {kind} is a number, as in {hint}.'
        numbers[kind] = _parse_number(number, message)
    return StyleSpec(source, numbers.get("weight", 1.0), region, numbers.get("scale", 1.0), seconds)


def _exists(style: str, fixed_styles: Sequence[str] | None) -> bool:
    return is_style(style) if fixed_styles is None else style in fixed_styles


def _fixed_source(name: str, fixed_styles: Sequence[str]) -> TrainedSource:
    if name in fixed_styles:
        return TrainedSource(name)
    match = closest_match(name, fixed_styles)
    hint = f' Did you mean "{match}"?' if match else ""
    raise SettingsError(f'This network has no style "{name}"; it has {", ".join(fixed_styles)}.{hint}')


def _split_options(text: str, fixed_styles: Sequence[str] | None) -> tuple[str, list[str]]:
    """A style, and the options that follow it after colons."""
    style, options = text, list[str]()
    while not _exists(style, fixed_styles):
        style, sign, option = style.rpartition(":")
        if not sign:
            return TRAILING_OPTIONS.sub("", text), []
        options.insert(0, option)
    return style, options


def parse_region(text: str, *, video: bool = False) -> RegionSpec:
    """One value of ``--region``: ``name=mask.png``; for videos the mask may be a folder of masks.

    Raises:
        SettingsError: the syntax is wrong.
        PictureError: the file does not exist.
    """
    name, sign, path = text.partition("=")
    if not sign or not REGION_NAME.fullmatch(name):
        raise SettingsError(f'"{text}" is not a region; write name=mask.png, as in subject=mask.png.')
    if name == BACKGROUND:
        raise SettingsError("The background needs no mask: it is everything that no other mask covers.")
    return RegionSpec(name, frames_source(Path(path)) if video else file_source(Path(path)))


def parse_protect(text: str, index: int, *, video: bool = False) -> RegionSpec:
    """One value of ``--protect``: a mask, ``name=mask.png``, or the name of a region that has a mask.

    Args:
        index: names the region of a mask without a name.

    Raises:
        SettingsError, PictureError: as for :func:`parse_region`.
    """
    path = Path(text)
    if path.is_file() or (video and path.exists()):
        return RegionSpec(f"protect-{index}", frames_source(path), protect=True)
    if "=" in text:
        return replace(parse_region(text, video=video), protect=True)
    if REGION_NAME.fullmatch(text):
        return RegionSpec(text, None, protect=True)
    raise PictureError(f"The mask {text} does not exist.")


def frames_source(path: Path) -> FileSource:
    """An existing file, or a folder of frames or masks.

    Raises:
        PictureError: it does not exist.
    """
    return FolderSource(path) if path.is_dir() else file_source(path)


def parse_region_weights(texts: Sequence[str], kind: str) -> dict[str, float]:
    """The values of ``--region-style-weight`` and ``--region-content-weight``: ``name=number``."""
    weights: dict[str, float] = {}
    for text in texts:
        name, sign, number = text.partition("=")
        if not sign or not REGION_NAME.fullmatch(name):
            raise SettingsError(
                f'"{text}" is not the {kind} weight of a region; write name=number, as in subject=2.'
            )
        if name in weights:
            raise SettingsError(f'The region "{name}" has two {kind} weights; keep one.')
        message = f'In "{text}", "{number}" is not a weight; write a number, as in {name}=2.'
        weights[name] = _parse_number(number, message)
    return weights


def _parse_number(text: str, message: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SettingsError(message) from None


def style_specs(
    styles: Any, fixed_styles: Sequence[str] | None = None, region: str = BACKGROUND
) -> Iterable[StyleSpec]:
    """The styles of the Python argument ``style``; see :func:`bottega.stylize` for its forms.

    Raises:
        SettingsError, PictureError: a style does not exist, or the form is wrong.
    """
    if isinstance(styles, Mapping):
        for key, value in styles.items():
            if isinstance(value, int | float):
                yield _style_spec((key, value), fixed_styles, region)
            elif region != BACKGROUND:
                raise SettingsError(f'The styles of the region "{region}" contain regions themselves.')
            else:
                yield from style_specs(value, fixed_styles, str(key))
    elif isinstance(styles, list | tuple) and not _has_weight(styles):
        if not styles:
            raise SettingsError("The list of styles is empty; give at least one.")
        for style in styles:
            yield _style_spec(style, fixed_styles, region)
    else:
        yield _style_spec(styles, fixed_styles, region)


def _has_weight(style: Any) -> bool:
    """Whether it is ``(style, weight)`` or ``(style, weight, scale)``."""
    return (
        isinstance(style, tuple)
        and len(style) in (2, 3)
        and all(isinstance(number, int | float) for number in style[1:])
    )


def _style_spec(style: Any, fixed_styles: Sequence[str] | None, region: str) -> StyleSpec:
    style, *numbers = style if _has_weight(style) else (style,)
    if isinstance(style, str):
        spec = parse_style(style, fixed_styles)
    else:
        spec = StyleSpec(picture_source(style, "style"))
    changes: dict[str, Any] = dict(zip(("weight", "scale"), map(float, numbers), strict=False))
    if region != BACKGROUND:
        changes["region"] = region
    return replace(spec, **changes)


def picture_source(picture: Any, label: str) -> Source:
    """The source of a Python argument: the path of a file, a sample photograph, or a picture in memory.

    Raises:
        PictureError: the file does not exist, or the object is not a picture.
    """
    from bottega import pictures

    if isinstance(picture, str | Path):
        return content_source(Path(picture))
    return MemorySource(pictures.as_picture(picture), label)


def mask_source(mask: Any) -> MaskSource:
    """The source of a mask from Python: the path of a file, or a picture in memory; errors as above."""
    from bottega import pictures

    if isinstance(mask, str | Path):
        return file_source(Path(mask))
    return MemorySource(pictures.as_picture(mask), "mask")


def _check_weight(weight: float, name: str) -> None:
    # Callers from Python may pass anything.
    if not (isinstance(weight, int | float) and 0 <= weight <= MAX_WEIGHT):
        raise SettingsError(f"{name} is {weight}; use a number from 0 to {MAX_WEIGHT:.0f}.")
