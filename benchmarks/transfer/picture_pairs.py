"""The pairs of a photograph and a painting; no training saw either."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from torch import Tensor

from bottega import pictures
from bottega.errors import SettingsError
from recipes.split import held_out_paintings, held_out_photographs

SIDE = 256
"""Pictures are middle squares of this side: what the collection has without enlarging."""

PICTURES_PER_KIND = 40
"""Number of photographs, and of paintings, in the pairs."""

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Pair:
    """A photograph to stylize with a painting.

    Attributes:
        content, style: files.
        artist: of the style.
        side: of the middle squares that are taken from both.
    """

    content: Path
    style: Path
    artist: str
    side: int = SIDE

    @property
    def name(self) -> str:
        """The same on every machine: the two files by their last two parts, and the side."""
        files = ["/".join(path.parts[-2:]) for path in (self.content, self.style)]
        return f"{' + '.join(files)}, {self.side}²"

    def load(self) -> tuple[Tensor, Tensor]:
        """Content and style, each ``(1, 3, side, side)`` in [0, 1]."""
        return middle_square(self.content, self.side), middle_square(self.style, self.side)


def make_pairs(data: Path, count: int = PICTURES_PER_KIND, seed: int = 0, side: int = SIDE) -> list[Pair]:
    """The first ``count`` of the pairs; a smaller count is a part of a larger one.

    ``PICTURES_PER_KIND`` photographs, from each folder in turn, and as many paintings, from each artist in
    turn. The first pairs use each of them once; the next ones shift the paintings by one, until every
    photograph was paired with every painting.

    Args:
        data: the picture collection (see ``recipes/split.py``).
        seed: of the choice.
        side: of the pictures.

    Raises:
        SettingsError: ``data`` is not the collection, has too few pictures, or ``count`` is too large.
    """
    # Façades are straightened photographs on gray ground: nobody stylizes those.
    files = [path for path in held_out_photographs(data) if "facades" not in path.parts]
    contents = _round_robin(((path.parent, path) for path in files), seed)[:PICTURES_PER_KIND]
    styles = _round_robin(((artist, (path, artist)) for path, artist in held_out_paintings(data)), seed)[
        :PICTURES_PER_KIND
    ]
    if not 1 <= count <= len(contents) * len(styles):
        raise SettingsError(
            f"{data} gives 1 to {len(contents) * len(styles)} pairs of pictures that no training sees, "
            f"not {count}."
        )
    pairs = []
    for index in range(count):
        round_, place = divmod(index, len(contents))
        pairs.append(Pair(contents[place], *styles[(place + round_) % len(styles)], side))
    return pairs


def middle_square(path: Path, side: int) -> Tensor:
    """The middle of a picture, ``(1, 3, side, side)`` in [0, 1]."""
    whole = pictures.load(path).pixels
    short = min(whole.shape[-2:])
    top, left = (whole.shape[-2] - short) // 2, (whole.shape[-1] - short) // 2
    return pictures.resize(whole[..., top : top + short, left : left + short], (side, side))


def _round_robin(items: Iterable[tuple[Hashable, _Item]], seed: int) -> list[_Item]:
    """All items, one of each group after the other; groups and their items in a random order by ``seed``."""
    groups: dict[Hashable, list[_Item]] = {}
    for group, item in items:
        groups.setdefault(group, []).append(item)
    rng = random.Random(seed)
    queues = list(groups.values())
    rng.shuffle(queues)
    for queue in queues:
        rng.shuffle(queue)
    longest = max((len(queue) for queue in queues), default=0)
    return [queue[place] for place in range(longest) for queue in queues if place < len(queue)]
