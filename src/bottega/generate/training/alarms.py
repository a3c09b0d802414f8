"""Alarms: the generator draws the same picture again and again, or copies its training pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bottega.training import Callback, Loop

COLLAPSED = 0.5
"""Variety, as a share of the real pictures', below which a generator draws too much alike."""
COPYING = 2.0
"""So many times as many near twins as real pictures have are copies; and one in ten at least."""
FEWEST = 0.1
AFTER = 3
"""Validations before an alarm: at first every generator draws too much alike."""


class Alarms(Callback):
    """Tells once of each, when a validation shows it.

    Args:
        tell: called with a sentence.
        twins: share of the real pictures with a near twin among the others.
    """

    def __init__(self, tell: Callable[[str], None], twins: float) -> None:
        self.tell, self.twins = tell, twins
        self.seen = 0
        self.told: set[str] = set()

    def validate(self, loop: Loop, measures: Mapping[str, float], best: bool) -> None:
        self.seen += 1
        if self.seen < AFTER:
            return
        if measures["variety"] < COLLAPSED:
            self._once(
                "collapse",
                "The generator draws too much alike: its variety is "
                f"{measures['variety']:.2f} of the real pictures'. The best weights so far "
                "are kept; try a lower --rate, or more pictures.",
            )
        if measures["copies"] > max(FEWEST, COPYING * self.twins):
            self._once(
                "copies",
                f"The generator copies: {measures['copies']:.0%} of its pictures are near twins of training "
                "pictures. Use more pictures, more augmentation, or stop earlier (--patience).",
            )

    def _once(self, kind: str, sentence: str) -> None:
        if kind not in self.told:
            self.told.add(kind)
            self.tell(sentence)
