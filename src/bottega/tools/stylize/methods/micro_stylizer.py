"""The stylizer of ``micro`` and ``photo``, networks whose style code is their own statistics."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from bottega.tools.stylize.methods.arbitrary_style import LARGEST_STYLE, AnyStyleStylizer
from bottega.tools.stylize.methods.base import Task
from bottega.tools.stylize.methods.feedforward import FLOAT_BYTES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from bottega.tools.stylize.settings import PaintSettings
    from bottega.transfer.feedforward import Manner, OnePass, StyleCode
    from bottega.transfer.regions import Region

LEAST_BYTES = 6e8
WORK_BYTES = 130
"""Per pixel that the network works on at a time: a picture of 12 megapixels took 2.3 GB at its peak."""
LARGER = 0.85
"""Share of N times the largest style from which on marks are laid N times as large."""
SAMPLE_BYTES = 8
"""Per pixel where samples become samples: both pictures, and what reading and writing the files takes."""


class OwnStatisticsStylizer(AnyStyleStylizer["StyleCode"]):
    """Holds the network on its engine."""

    @cached_property
    def network(self) -> OnePass:
        from bottega.transfer.feedforward import OwnStatisticsNet, one_pass

        asked = self.asked
        loaded = self.loaded()
        assert isinstance(loaded, OwnStatisticsNet)
        return one_pass(
            loaded,
            engine=asked.engine,
            precision=asked.precision,
            device=str(self.device),
            threads=asked.threads,
        )

    @cached_property
    def settings(self) -> PaintSettings:
        used = {"engine": self.network.engine, "precision": self.network.precision}
        return self.asked.model_copy(update=used)

    def memory_needed(self, task: Task) -> float:
        from bottega.transfer.feedforward.engine import TILE, WHOLE

        pixels = task.size[0] * task.size[1]
        at_a_time = pixels if pixels <= WHOLE else TILE**2
        held = SAMPLE_BYTES if self.is_plain(task) else FLOAT_BYTES
        return LEAST_BYTES + WORK_BYTES * at_a_time + held * pixels

    def encode(self, picture: Tensor, mask: Tensor | None) -> StyleCode:
        return self.network.encode(picture, mask)

    def mix(self, codes: Sequence[StyleCode], weights: Sequence[float]) -> StyleCode:
        from bottega.transfer.feedforward import mix_codes

        return mix_codes(codes, weights)

    def painted(self, content: Tensor, regions: Sequence[Region], task: Task) -> Tensor:
        manners = [self._manner(region, task) for region in regions]
        task.report.progress(0.2, "painting")
        task.stop_if_asked()
        return self.network.paint(content, manners)

    def painted_samples(self, task: Task, region: Region) -> NDArray[np.uint8]:
        (region,) = self.colored([region], task)
        manner = self._manner(region, task)
        task.report.progress(0.2, "painting")
        task.stop_if_asked()
        assert task.content.samples is not None
        return self.network.paint_bytes(task.content.samples, manner)

    def _manner(self, region: Region, task: Task) -> Manner:
        from bottega.transfer.feedforward import Manner

        settings = self.asked
        return Manner(
            self.code(region, task),
            settings.strength,
            settings.color_strength,
            region.mask,
            settings.marks,
            magnified=magnified(max(task.size)),
        )


def magnified(long_side: int) -> int:
    """How many times as large as in their style marks are laid on a result with such a long side."""
    from bottega.transfer.texture import MAGNIFICATIONS

    return max(times for times in MAGNIFICATIONS if times == 1 or long_side >= LARGER * times * LARGEST_STYLE)
