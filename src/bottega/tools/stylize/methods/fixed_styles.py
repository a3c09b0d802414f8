"""What ``fast`` and ``multi`` share: styles that a network knows by heart."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bottega.tools.stylize.methods.base import Task
from bottega.tools.stylize.methods.feedforward import OnePassStylizer

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.transfer.regions import Region

BYTES = 900
"""Per pixel: 32 channels at full size, several times, as floats."""

REASONS = {
    "strength": "paints its styles as strongly as it was trained to",
    "marks": "lays strokes as it was trained to",
    "color_strength": "paints its styles as strongly as it was trained to",
    "style_scale": "lays strokes of the size that it was trained with",
    "engine": "always runs on torch",
    "precision": "always computes in fp32",
}
"""Why such a method refuses what the others take."""


class TrainedStylizer(OnePassStylizer):
    """Every region is painted as part of the whole picture, in its own mixture of trained styles."""

    recolors_styles = False

    @abstractmethod
    def run(self, content: Tensor, mixture: Mapping[str, float]) -> Tensor:
        """The whole content in a mixture of trained styles."""

    def memory_needed(self, task: Task) -> float:
        height, width = task.size
        return 4e8 + BYTES * height * width

    def painted(self, content: Tensor, regions: Sequence[Region], task: Task) -> Tensor:
        on_device, total = content.to(self.device), None
        styled = [region for region in regions if region.styles]
        for number, region in enumerate(styled):
            task.report.progress(number / len(styled), "painting")
            task.stop_if_asked()
            painted = self.run(on_device, self._mixture(region.name, task))
            if region.mask is not None:
                painted = painted * region.mask.to(painted)
            total = painted if total is None else total.add_(painted)
        return content if total is None else total

    @staticmethod
    def _mixture(region: str, task: Task) -> dict[str, float]:
        mixture: dict[str, float] = {}
        for choice in task.plan.styles:
            if choice.region == region:
                mixture[choice.source.name] = mixture.get(choice.source.name, 0.0) + choice.weight
        return mixture
