"""The content's own statistics, followed over time instead of taken from each frame by itself.

A network that renormalises to a frame's own statistics lets the whole picture jump when something enters it.
Here they are measured now and then and followed slowly; frames in between are also cheaper for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from bottega.transfer.feedforward.style_code import StyleCode, mix_codes

EVERY = 8
"""Frames from one measurement to the next."""
FOLLOW = 0.12
"""Share of the way to what was measured last that is covered with each frame: half of it in six frames."""

Measure = Callable[[], Mapping[str, StyleCode]]


@dataclass
class FollowedStatistics:
    """Statistics of a stream of frames, one code per region.

    Attributes:
        known: as of the last frame.
        measured: what they move towards.
        age: frames since that was measured.
    """

    known: Mapping[str, StyleCode] = field(default_factory=dict)
    measured: Mapping[str, StyleCode] = field(default_factory=dict)
    age: int = 0

    def follow(self, regions: Collection[str], measure: Measure, cut: bool) -> Mapping[str, StyleCode]:
        """The statistics to paint the next frame with.

        Args:
            regions: names of those that this frame has; where they are others than before, all begin anew.
            measure: measures this frame; only called when it is time.
            cut: whether what came before counts no more.
        """
        if cut or set(self.known) != set(regions):
            self.known = self.measured = measure()
            self.age = 1
            return self.known
        if self.age >= EVERY:
            self.measured = measure()
            self.age = 0
        self.age += 1
        self.known = {
            name: mix_codes([self.known[name], self.measured[name]], [1 - FOLLOW, FOLLOW]) for name in regions
        }
        return self.known
