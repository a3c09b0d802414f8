"""What a mistyped name was meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_CUTOFF = 0.7
"""Of difflib's similarity; below it stand "hokusai" for mosaic and "photo" for impasto."""
_SHORTEST = 3
"""Letters of a part of a name that still tells which one is meant."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of the ``known`` names that a word most likely means; ``None`` where none is near.

    Capitals and the signs between letters do not count ("Stained_Glass"). A beginning or a whole part of a
    name is enough where it belongs to one name only ("wood", "glass"), or to one that begins all others.
    Else a few letters may be wrong.
    """
    names = {_letters(name): name for name in known}
    letters = _letters(word)
    if letters in names:
        return names[letters]
    if len(letters) >= _SHORTEST:
        parts = [name for bare, name in names.items() if bare.startswith(letters) or letters in _parts(name)]
        if parts:
            # "styl" is "style" also where there are "style-scale" and "style-loss".
            shortest = min(parts, key=len)
            return shortest if all(name.startswith(shortest) for name in parts) else None
    close = difflib.get_close_matches(letters, names, n=1, cutoff=_CUTOFF)
    return names[close[0]] if close else None


def _letters(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def _parts(name: str) -> list[str]:
    return [_letters(part) for part in name.replace("_", "-").split("-")]
