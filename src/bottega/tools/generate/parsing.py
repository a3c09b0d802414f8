"""The words of ``generate`` that name classes, attributes and places."""

from __future__ import annotations

from collections.abc import Sequence

from bottega.errors import SettingsError


def shares_of(words: Sequence[str], classes: Sequence[str]) -> dict[str, float] | None:
    """Classes with their shares: ``warrior``, ``noble:0.3``; None without words.

    A part of a name serves where it belongs to some names only: ``warrior`` is ``female-warrior`` and
    ``male-warrior`` in equal parts, where no class has that very name.

    Raises:
        SettingsError: a share that is no number. Unknown names are left to the generator, which says its own.
    """
    if not words:
        return None
    shares: dict[str, float] = {}
    for word in words:
        name, share = _split(word, ":")
        named = [name] if name in classes else [each for each in classes if name in each.split("-")]
        for each in named or [name]:
            shares[each] = shares.get(each, 0.0) + share / max(1, len(named))
    return shares


def values_of(words: Sequence[str]) -> dict[str, float]:
    """Attributes with their values: ``light=0.8``.

    Raises:
        SettingsError: a word without a value, or with one that is no number.
    """
    for word in words:
        if "=" not in word:
            raise SettingsError(f'"{word}" gives no value; write --attribute {word}=0.5.')
    return dict(_split(word, "=") for word in words)


def place_of(word: str) -> tuple[float, float]:
    """Across and down: ``0.3,0.6``.

    Raises:
        SettingsError: not two numbers from 0 to 1.
    """
    try:
        across, down = (float(part) for part in word.split(","))
    except ValueError:
        raise SettingsError(f'"{word}" is no place; write two numbers: --subject 0.3,0.6.') from None
    if not (0 <= across <= 1 and 0 <= down <= 1):
        raise SettingsError(f'The place "{word}" lies outside the picture; both numbers go from 0 to 1.')
    return across, down


def _split(word: str, sign: str) -> tuple[str, float]:
    name, _, number = word.partition(sign)
    try:
        value = float(number) if number else 1.0
    except ValueError:
        raise SettingsError(f'"{number}" in "{word}" is no number; write {name}{sign}0.5.') from None
    if not 0 <= value < float("inf"):
        raise SettingsError(f'The number in "{word}" must be 0 or more.')
    return name, value
