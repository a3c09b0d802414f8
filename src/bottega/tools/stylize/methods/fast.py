"""The method ``fast``: a network of your own for one style (Johnson, Alahi and Fei-Fei 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from bottega.tools.common.image_sources import FileSource, TrainedSource
from bottega.tools.stylize.methods.base import Method, Stylizer
from bottega.tools.stylize.methods.fixed_styles import REASONS, TrainedStylizer

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bottega.tools.stylize.settings import PaintSettings


class FastStylizer(TrainedStylizer):
    """Holds the network of one style."""

    @cached_property
    def network(self) -> nn.Module:
        return self.loaded().to(self.device)

    @property
    def only_style(self) -> TrainedSource:
        return TrainedSource(self.model.label if isinstance(self.model, FileSource) else self.model)

    def run(self, content: Tensor, mixture: Mapping[str, float]) -> Tensor:
        return self.network(content)


def _open(settings: PaintSettings) -> Stylizer:
    return FastStylizer(FAST, settings)


FAST = Method(
    name="fast",
    summary="a network of your own for one style, named with --model",
    open=_open,
    takes=frozenset(["keep_color", "color_method", "model"]),
    reason="paints in one pass",
    reasons={**REASONS, "style": "paints the one style that its network was trained on"},
)
