"""The condition that the settings of ``adjust`` request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import SettingsError
from bottega.tools.adjust.settings import AttributeSettings
from bottega.tools.common.image_sources import FileSource, content_source

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.personalize import Condition
    from bottega.pictures import Picture

NUMBERS = (
    "lightness",
    "contrast",
    "saturation",
    "warmth",
    "subject_size",
    "horizon",
    "symmetry",
    "thirds",
    "empty_space",
    "stroke_size",
    "roughness",
    "abstraction",
)
"""The settings whose value is the attribute itself."""


def requested_condition(settings: AttributeSettings) -> Condition:
    """The condition of the settings; single attributes override ``--condition``, which overrides ``--like``.

    Raises:
        SettingsError: nothing is requested, or a value is invalid.
        PictureError: a picture or folder of ``--like`` cannot be read.
    """
    from bottega.personalize import Condition, StrokeDirection, parse_palette

    values: dict[str, Any] = {name: getattr(settings, name) for name in NUMBERS}
    if settings.palette:
        values["palette"] = parse_palette(settings.palette)
    if settings.subject:
        values["subject"] = parse_pair(settings.subject, "--subject 0.3,0.6")
    if settings.stroke_direction:
        text = settings.stroke_direction
        text = text if "," in text else f"{text},0.5"
        degrees, strength = parse_pair(text, "--stroke-direction 30,0.4", 180)
        values["stroke_direction"] = StrokeDirection(degrees=degrees % 180, strength=strength)
    if settings.style:
        values["styles"] = dict(parse_weighted(text) for text in settings.style)
    condition = Condition(**values)
    if settings.like is not None and settings.like.suffix.lower() == ".json":
        raise SettingsError(
            f"--like takes pictures; give the condition file with --condition {settings.like}."
        )
    sources = [] if settings.like is None else [analyze_path(settings.like)]
    sources += [] if settings.condition is None else [Condition.load(settings.condition)]
    if settings.use and not sources:
        raise SettingsError("--use selects attributes of --like or --condition; add one of them.")
    for source in reversed(sources):
        condition = _select(source, settings.use).merge(condition)
    if not condition.attribute_names and not condition.styles and condition.embedding is None:
        raise SettingsError("No attribute is requested; give --palette, --lightness, --like or another one.")
    return condition


def analyze_path(
    path: Path, style: bool = False, on_progress: Callable[[int, int], None] | None = None
) -> Condition:
    """The attributes of a picture, a folder of pictures, a condition file, or a sample photograph.

    Args:
        style: also measure the style of pictures.
        on_progress: called with how many pictures of a folder are measured, and of how many.

    Raises:
        SettingsError: the condition file cannot be read.
        PictureError: the picture cannot be read, or the folder has none.
    """
    from bottega.personalize import Condition, mix_conditions
    from bottega.training import find_pictures

    if path.suffix.lower() == ".json":
        return Condition.load(path)
    if path.is_dir():
        files, conditions = find_pictures(path), []
        for index, file in enumerate(files):
            conditions.append(analyze_picture(FileSource(file).open(), style))
            if on_progress is not None:
                on_progress(index + 1, len(files))
        return mix_conditions(conditions)
    return analyze_picture(content_source(path).open(), style)


def analyze_picture(picture: Picture, style: bool = False, mask: Tensor | None = None) -> Condition:
    """The attributes of a picture's visible part, with ``style`` also its style embedding."""
    from bottega import pictures
    from bottega.personalize import analyze_condition, embed_style

    condition = analyze_condition(picture.pixels, pictures.visible_mask(picture, mask))
    return condition.model_copy(update={"embedding": embed_style(picture.pixels)}) if style else condition


def _select(condition: Condition, names: list[str]) -> Condition:
    from bottega.personalize import ATTRIBUTES

    names = [name.replace("-", "_") for name in names]  # as in the names of options
    for name in names:
        if name not in ATTRIBUTES:
            raise SettingsError(f'--use does not know "{name}"; choose from {", ".join(ATTRIBUTES)}.')
    return condition.select(*names) if names else condition


def parse_pair(text: str, example: str, maximum: float = 1.0) -> tuple[float, float]:
    """Two numbers, from 0 to ``maximum`` and from 0 to 1: ``0.3,0.6``.

    Args:
        example: of the option, for messages.

    Raises:
        SettingsError: other than two numbers, or one is out of range.
    """
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError:
        raise SettingsError(f'"{text}" must be two numbers: {example}.') from None
    if not (0 <= first <= maximum and 0 <= second <= 1):
        ranges = "both numbers" if maximum == 1 else f"the first number must be 0 to {maximum:g}, the second"
        raise SettingsError(
            f'{example.partition(" ")[0]} is "{text}"; {ranges} must be 0 to 1, as in {example}.'
        )
    return first, second


def parse_weighted(text: str) -> tuple[str, float]:
    """``woodcut:0.5``, or a file or folder of any name, with weight 1.

    Raises:
        SettingsError: the weight is not a number above 0.
    """
    if Path(text).exists():
        return text, 1.0
    name, _, number = text.rpartition(":")
    try:
        weight = float(number) if name else 1.0
    except ValueError:
        if Path(name).exists():
            raise SettingsError(f'The weight "{number}" in "{text}" must be a number: {name}:0.5.') from None
        name, weight = text, 1.0
    if not 0 < weight < float("inf"):
        raise SettingsError(f'The weight in "{text}" must be above 0.')
    return name or text, weight
