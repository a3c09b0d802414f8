"""Styles over time: which style counts how much at which moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from bottega.errors import SettingsError
from bottega.transfer.networks import StyleCode, mix_codes


class Timeline:
    """Key moments with a style each; between two of them one fades into the other.

    Before the first and after the last the style stays. To hold a style, give it twice.

    Args:
        keys: seconds to style code.

    Raises:
        SettingsError: no key, or one before the beginning.
    """

    def __init__(self, keys: Mapping[float, StyleCode]) -> None:
        if not keys:
            raise SettingsError("A timeline needs at least one style.")
        if min(keys) < 0:
            raise SettingsError(f"A style cannot begin at {min(keys):g} s, before the clip; use 0 or more.")
        self.times = sorted(keys)
        self.codes = [keys[time] for time in self.times]

    def at(self, seconds: float) -> StyleCode:
        """The style of a moment."""
        index, share = self.between(seconds)
        if share == 0:
            return self.codes[index]
        return mix_codes(self.codes[index : index + 2], [1 - share, share])

    def between(self, seconds: float) -> tuple[int, float]:
        """Number of the key before (or first) and how far the way to the next one is covered, in [0, 1)."""
        index = bisect_right(self.times, seconds) - 1
        if index < 0:
            return 0, 0.0
        if index == len(self.times) - 1:
            return index, 0.0
        before, after = self.times[index : index + 2]
        return index, (seconds - before) / (after - before)


def gathered(styles: Sequence[tuple[float, StyleCode, float]]) -> Timeline:
    """A timeline from ``(seconds, code, weight)``; styles of one moment mix by their weights."""
    moments: dict[float, list[tuple[StyleCode, float]]] = {}
    for seconds, code, weight in styles:
        moments.setdefault(seconds, []).append((code, weight))
    return Timeline({
        seconds: pairs[0][0] if len(pairs) == 1 else mix_codes(*map(list, zip(*pairs, strict=True)))
        for seconds, pairs in moments.items()
    })  # fmt: skip
