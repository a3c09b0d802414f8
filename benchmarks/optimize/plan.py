"""How much is measured: the whole benchmark, or a quick run that only shows that it works."""

from __future__ import annotations

from dataclasses import dataclass, field

from bottega.transfer.optimize.settings import OptimizeSettings, StyleLoss


@dataclass(frozen=True)
class Plan:
    """Counts of one run.

    Attributes:
        sizes: sides of the square pictures.
        iterations: of the plain candidates; also the most that ours may take at its last scale.
        repeats: runs of each candidate, in turns.
        rates: step sizes that plain Adam is tried with, at the smallest size; the best final loss wins.
        every: iterations of a plain candidate between two measurements.
        bottega_settings: settings of ours, but for the size.
    """

    sizes: tuple[int, ...] = (256, 512, 1024)
    iterations: int = 300
    repeats: int = 3
    rates: tuple[float, ...] = (0.01, 0.02, 0.04, 0.08)
    every: int = 10
    bottega_settings: OptimizeSettings = field(default_factory=OptimizeSettings)

    def settings(self, size: int) -> OptimizeSettings:
        """What the user would get at this size."""
        return self.bottega_settings.model_copy(update={"size": size})


def quick(style_loss: StyleLoss = "wasserstein") -> Plan:
    """Seconds of work at a size too small to measure speed."""
    bottega_settings = OptimizeSettings(
        style_loss=style_loss, recolor=False, start_noise=0.0, first_size=32, iterations=4, last_iterations=4
    )
    return Plan(
        sizes=(48,), iterations=8, repeats=1, rates=(0.02, 0.04), every=2, bottega_settings=bottega_settings
    )
