"""Words that only clips know: styles with a moment, and masks that may be folders and films.

::

    painting.jpg@5s          from the fifth second on; what comes before fades into it
    painting.jpg@5s:0.4      with a weight
    woodcut@3@5s             seed 3, fifth second
    sky=masks/               a region whose mask is a folder, a film or a picture
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bottega.errors import PictureError, SettingsError
from bottega.tools.common.image_sources import FileSource, FolderSource, file_source
from bottega.tools.stylize.plan import BACKGROUND, Plan, RegionChoice, make_plan
from bottega.tools.stylize.style_spec import REGION_NAME, StyleNames, read_style

MOMENT = re.compile(r"(?P<style>.+)@(?P<seconds>\d+(\.\d+)?)s(?P<options>(:.*)?)")


@dataclass(frozen=True)
class ClipPlan:
    """A plan, and when each of its styles counts.

    Attributes:
        plan: its masks may be folders and films.
        moments: seconds, one for each of the plan's styles.
    """

    plan: Plan
    moments: tuple[float, ...]


def clip_source(path: Path) -> FileSource:
    """A file or folder that is there.

    Raises:
        PictureError: it is not.
    """
    return FolderSource(path) if path.is_dir() else file_source(path)


def split_moment(word: str) -> tuple[str, float | None]:
    """A word of ``--style`` without its moment, and the moment in seconds; a file of that name stays one."""
    match = None if Path(word).is_file() else MOMENT.fullmatch(word)
    if match is None:
        return word, None
    return match["style"] + match["options"], float(match["seconds"])


def read_clip_plan(
    styles: Sequence[str], regions: Sequence[str], leave: Sequence[str], names: StyleNames
) -> ClipPlan:
    """The plan that the visitor's words describe.

    Raises:
        SettingsError: a word does not follow the syntax, or styles and regions do not fit together.
        PictureError: a file does not exist.
    """
    split = [split_moment(word) for word in styles]
    plan = make_plan(
        [read_style(word, names) for word, _ in split],
        [_region(word) for word in regions],
        [_left(word, number) for number, word in enumerate(leave, start=1)],
    )
    return ClipPlan(plan, tuple(moment or 0.0 for _, moment in split))


def _region(word: str) -> RegionChoice:
    name, sign, path = word.partition("=")
    if not sign or not REGION_NAME.fullmatch(name):
        raise SettingsError(
            f'"{word}" is not a region; write name=masks, as in sky=masks/, sky=mask.mp4 or sky=mask.png.'
        )
    if name == BACKGROUND:
        raise SettingsError("The background needs no mask: it is everything that no other mask covers.")
    return RegionChoice(name, clip_source(Path(path)))


def _left(word: str, number: int) -> RegionChoice:
    if Path(word).exists():
        return RegionChoice(f"leave-{number}", clip_source(Path(word)), leave=True)
    if "=" in word:
        region = _region(word)
        return RegionChoice(region.name, region.mask, leave=True)
    if REGION_NAME.fullmatch(word):
        return RegionChoice(word, None, leave=True)
    raise PictureError(f"There is no mask {word}.")
