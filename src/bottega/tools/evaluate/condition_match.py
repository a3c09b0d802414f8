"""The chapter of a report that says how near pictures come to a condition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bottega.errors import PictureError
from bottega.evaluate import Interval, personalization_match
from bottega.evaluate.report import MetricRow, Section, list_pictures
from bottega.personalize import Condition, analyze_condition, match
from bottega.pictures import load

NAME = "personalisation match"


def wish_section(wish: Path, results: Path, against: Path, seed: int = 0) -> Section:
    """The match of results with a profile, in all and by attribute, beside that of the reference.

    Raises:
        SettingsError: ``wish`` is no profile, or asks for nothing that is measured.
    """
    asked = Condition.load(wish)
    ours, theirs = (_matched(list_pictures(folder), asked, seed) for folder in (results, against))
    figures = [
        MetricRow(_named(name), value, theirs[name].estimate, "higher", _says(name))
        for name, value in ours.items()
    ]
    text = (
        f"How near each picture comes to what {wish.name} asks for: 1 is as asked, 0 as far apart as one "
        "random pair of pictures in twenty is. The reference was not asked for anything."
    )
    return Section("As wished for", (text,), figures)


def _matched(files: Sequence[Path], asked: Condition, seed: int) -> dict[str, Interval]:
    found = [read for file in files if (read := _read(file)) is not None]
    return personalization_match([asked] * len(found), found, match, seed=seed)


def _read(file: Path) -> Condition | None:
    """None for a picture that cannot be read; the report itself tells of those."""
    try:
        return analyze_condition(load(file).pixels)
    except PictureError:
        return None


def _named(name: str) -> str:
    return NAME if name == "mean" else f"{NAME}: {name}"


def _says(name: str) -> str:
    return "all that was asked for, alike" if name == "mean" else "this alone"
