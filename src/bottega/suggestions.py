"""Suggestions for mistyped names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MIN_SIMILARITY = 0.7  # of difflib; "hokusai" for mosaic and "photo" for impasto lie below
_MIN_PART_LETTERS = 3  # of a part of a name that still identifies it


def closest_match(text: str, names: Iterable[str], min_similarity: float = MIN_SIMILARITY) -> str | None:
    """The one of the names that a text most likely means; ``None`` where none is similar.

    Capitals and punctuation do not count ("Stained_Glass"). A beginning or a whole part of a name is enough
    where it belongs to one name only ("wood", "glass"), or to one that begins all others. Otherwise a few
    letters may be wrong.
    """
    by_letters = {_letters(name): name for name in names}
    letters = _letters(text)
    if letters in by_letters:
        return by_letters[letters]
    if len(letters) >= _MIN_PART_LETTERS:
        matches = [
            name
            for bare, name in by_letters.items()
            if bare.startswith(letters)
            or letters in [_letters(part) for part in name.replace("_", "-").split("-")]
        ]
        if matches:
            # "styl" is "style" also where there are "style-scale" and "style-loss".
            shortest = min(matches, key=len)
            return shortest if all(name.startswith(shortest) for name in matches) else None
    similar = difflib.get_close_matches(letters, by_letters, n=1, cutoff=min_similarity)
    return by_letters[similar[0]] if similar else None


def _letters(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
