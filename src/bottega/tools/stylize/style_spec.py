"""The words of the command line that describe styles, regions, weights and what to start from.

The words of ``--style``::

    painting.jpg             a file
    painting.jpg:0.4         with a weight
    painting.jpg:scale=1.5   with larger strokes; together painting.jpg:0.4:scale=1.5
    subject=vermeer.jpg:0.7  for one region
    woodcut, woodcut@3       a bundled style, with a seed

A word that names an existing file is that file, whatever signs are in it. Without a region a style is for the
*background*: everything that no mask covers, so the whole picture where there are no masks. Where a method's
network knows its styles by heart, their names stand in place of files and bundled styles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bottega.errors import PictureError, SettingsError
from bottega.suggestions import nearest
from bottega.tools.common.image_sources import (
    Source,
    TrainedSource,
    file_source,
    is_style,
    start_source,
    style_source,
)
from bottega.tools.stylize.plan import BACKGROUND, Plan, RegionChoice, StyleChoice, make_plan

REGION_NAME = re.compile(r"[^\W\d][\w-]*")
SCALE = "scale="
OPTIONS = re.compile(r"(:(scale=)?[\d.]+)+$")
"""Weight and scale after something that does not exist, so that the message can name the thing alone."""


@dataclass(frozen=True)
class StyleNames:
    """What the words of ``--style`` may mean: files and bundled styles, unless a method says otherwise."""

    known: Callable[[str], bool] = is_style
    source: Callable[[str], Source] = style_source
    """Raises SettingsError or PictureError for a word that is not known."""


PICTURES = StyleNames()


def trained_names(styles: Sequence[str]) -> StyleNames:
    """The styles that a network knows by heart."""

    def source(word: str) -> TrainedSource:
        if word in styles:
            return TrainedSource(word)
        meant = nearest(word, styles)
        hint = f' Did you mean "{meant}"?' if meant else ""
        raise SettingsError(f'This network has no style "{word}"; it has {", ".join(styles)}.{hint}')

    return StyleNames(lambda word: word in styles, source)


def read_plan(
    styles: Sequence[str],
    regions: Sequence[str] = (),
    leave: Sequence[str] = (),
    *,
    style_weights: Sequence[str] = (),
    content_weights: Sequence[str] = (),
    start: str = "content",
    names: StyleNames = PICTURES,
    only_style: Source | None = None,
) -> Plan:
    """The plan that the visitor's words describe.

    Raises:
        SettingsError: a word does not follow the syntax, or styles and regions do not fit together.
        PictureError: a file does not exist.
    """
    return make_plan(
        [read_style(word, names) for word in styles],
        [read_region(word) for word in regions],
        [_read_leave(word, number) for number, word in enumerate(leave, start=1)],
        style_weights=_read_weights(style_weights, "style"),
        content_weights=_read_weights(content_weights, "content"),
        start=start_source(start),
        only_style=only_style,
    )


def read_style(word: str, names: StyleNames = PICTURES) -> StyleChoice:
    """One word of ``--style``.

    Raises:
        SettingsError: the syntax, or no such bundled style.
        PictureError: no such file.
    """
    region = BACKGROUND
    thing, options = _split(word, names)
    before, sign, after = word.partition("=")
    if sign and not names.known(thing) and REGION_NAME.fullmatch(before):
        region, (thing, options) = before, _split(after, names)
    source = names.source(thing)
    numbers = _read_options(word, thing, options)
    return StyleChoice(source, numbers.get("weight", 1.0), region, numbers.get("scale", 1.0))


def _split(word: str, names: StyleNames) -> tuple[str, list[str]]:
    """A file or bundled style, and the options that follow it after colons."""
    thing, options = word, list[str]()
    while not names.known(thing):
        thing, sign, option = thing.rpartition(":")
        if not sign:
            return OPTIONS.sub("", word), []
        options.insert(0, option)
    return thing, options


def _read_options(word: str, thing: str, options: Sequence[str]) -> dict[str, float]:
    """``weight`` and ``scale``, as far as they are given."""
    found: dict[str, float] = {}
    for option in options:
        kind = "scale" if option.startswith(SCALE) else "weight"
        if kind in found:
            raise SettingsError(f'"{word}" has two numbers for its {kind}; keep one.')
        examples = {"weight": f"{thing}:0.4", "scale": f"{thing}:{SCALE}1.5"}
        number = option.removeprefix(SCALE)
        hint = f"a {kind} is a number, as in {examples[kind]}"
        if kind == "weight":
            hint += f" (and {examples['scale']} makes its strokes larger)"
        found[kind] = _number(number, f'In "{word}", "{number}" is not a {kind}; {hint}.')
    return found


def _number(text: str, sentence: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SettingsError(sentence) from None


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


def _read_weights(words: Sequence[str], kind: str) -> dict[str, float]:
    """The words of ``--region-style-weight`` and ``--region-content-weight``: ``name=number``."""
    found: dict[str, float] = {}
    for word in words:
        name, sign, number = word.partition("=")
        if not sign or not REGION_NAME.fullmatch(name):
            raise SettingsError(
                f'"{word}" is not the {kind} weight of a region; write name=number, as in subject=2.'
            )
        if name in found:
            raise SettingsError(f'The region "{name}" has two {kind} weights; keep one.')
        found[name] = _number(
            number, f'In "{word}", "{number}" is not a weight; write a number, as in {name}=2.'
        )
    return found
