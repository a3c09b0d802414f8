"""From words to a condition: what ``adjust`` is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import SettingsError
from bottega.tools.adjust.settings import WishedSettings
from bottega.tools.common.image_sources import content_source

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.personalize import Condition

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


def wished(settings: WishedSettings) -> Condition:
    """The condition that the settings ask for; what is said outright wins over ``--like``.

    Raises:
        SettingsError: nothing is asked for, or a word is none of its kind.
        PictureError: a picture or folder of ``--like`` cannot be read.
    """
    from bottega.personalize import Condition, StrokeDirection, parse_palette

    asked: dict[str, Any] = {name: getattr(settings, name) for name in NUMBERS}
    if settings.palette:
        asked["palette"] = parse_palette(settings.palette)
    if settings.subject:
        asked["subject"] = _two(settings.subject, "place", "--subject 0.3,0.6")
    if settings.stroke_direction:
        word = f"{settings.stroke_direction},0.5"  # where no strength is given
        degrees, strength = _two(word, "direction", "--stroke-direction 30,0.4", 180)
        asked["stroke_direction"] = StrokeDirection(degrees=degrees % 180, strength=strength)
    if settings.style:
        asked["styles"] = dict(weighted(word) for word in settings.style)
    own = Condition(**asked)
    if settings.like is not None:
        own = _like(settings.like, settings.take).merge(own)
    elif settings.take:
        raise SettingsError("--take says what to take of a picture; give that picture with --like.")
    if not own.attribute_names and not own.styles and own.embedding is None:
        raise SettingsError("Nothing is asked for; give --palette, --lightness, --like or another wish.")
    return own


def read_like(path: Path, style: bool = False) -> Condition:
    """What a picture, a folder of pictures, a profile, or a demonstration photograph is like.

    Args:
        style: whether pictures are also read for their style.

    Raises:
        SettingsError: no such profile. PictureError: no such picture, or a folder without any.
    """
    from bottega import pictures
    from bottega.errors import PictureError
    from bottega.personalize import Condition, analyze_condition, embed_style, mix_conditions
    from bottega.training import find_pictures

    def read(picture: Tensor) -> Condition:
        found = analyze_condition(picture)
        return found.model_copy(update={"embedding": embed_style(picture)}) if style else found

    if path.suffix == ".json":
        return Condition.load(path)
    if path.is_dir():
        files = find_pictures(path)
        if not files:
            raise PictureError(f"There is no picture in the folder {path}.")
        return mix_conditions([read(pictures.load(file).pixels) for file in files])
    return read(content_source(path).open().pixels)


def _like(path: Path, take: list[str]) -> Condition:
    from bottega.personalize import ATTRIBUTES

    found = read_like(path)
    for name in take:
        if name not in ATTRIBUTES:
            raise SettingsError(f'"{name}" cannot be taken; there are {", ".join(ATTRIBUTES)}.')
    return found.select(*take) if take else found


def _two(word: str, kind: str, example: str, most: float = 1) -> tuple[float, float]:
    try:
        one, other, *_ = (float(part) for part in word.split(","))
    except ValueError:
        raise SettingsError(f'"{word}" is no {kind}; write two numbers: {example}.') from None
    if not (0 <= one <= most and 0 <= other <= 1):
        raise SettingsError(f'"{word}" is out of range: the first number goes to {most:g}, the second to 1.')
    return one, other


def weighted(word: str) -> tuple[str, float]:
    """``woodcut:0.5``, or a file or folder of any name."""
    if Path(word).exists():
        return word, 1.0
    name, _, number = word.rpartition(":")
    try:
        weight = float(number) if name else 1.0
    except ValueError:
        if Path(name).exists():
            raise SettingsError(f'"{number}" in "{word}" is no weight; write a number: {name}:0.5') from None
        name, weight = word, 1.0
    if not 0 < weight < float("inf"):
        raise SettingsError(f'The weight in "{word}" must be above 0.')
    return name or word, weight
