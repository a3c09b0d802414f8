"""Moving average of the content's own statistics over the frames of a clip.

A network that normalizes each frame by its own statistics lets the whole image jump when something enters it.
Here they are measured every few frames and smoothed, which also saves time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from bottega.transfer.feedforward.style_code import StyleCode, mix_style_codes

MEASURE_INTERVAL = 8  # frames from one measurement to the next
EMA_RATE = 0.12  # share of the way to the last measurement per frame: half of it in six frames


@dataclass
class EmaStatistics:
    """Smoothed statistics, one code per region.

    Attributes:
        smoothed: as of the last frame.
        measured: what they move towards.
        age: frames since the last measurement.
    """

    smoothed: Mapping[str, StyleCode] = field(default_factory=dict)
    measured: Mapping[str, StyleCode] = field(default_factory=dict)
    age: int = 0

    def update(
        self, regions: Collection[str], measure: Callable[[], Mapping[str, StyleCode]], is_cut: bool
    ) -> Mapping[str, StyleCode]:
        """The statistics for the next frame.

        Args:
            regions: names of the frame's regions; a change of them restarts the average.
            measure: measures this frame; called only when needed.
            is_cut: restarts the average.
        """
        if is_cut or set(self.smoothed) != set(regions):
            self.smoothed = self.measured = measure()
            self.age = 1
            return self.smoothed
        if self.age >= MEASURE_INTERVAL:
            self.measured = measure()
            self.age = 0
        self.age += 1
        self.smoothed = {
            name: mix_style_codes([self.smoothed[name], self.measured[name]], [1 - EMA_RATE, EMA_RATE])
            for name in regions
        }
        return self.smoothed
