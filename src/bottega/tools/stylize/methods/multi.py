"""The method ``multi``: a network of your own for many styles (Dumoulin, Shlens and Kudlur 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from bottega.tools.stylize.methods.base import Method, Stylizer
from bottega.tools.stylize.methods.fixed_styles import REASONS, TrainedStylizer
from bottega.tools.stylize.style_spec import StyleNames, trained_names

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.tools.stylize.settings import PaintSettings
    from bottega.transfer.feedforward import MultiStyleNet


class MultiStylizer(TrainedStylizer):
    """Holds the network of many styles; the words of ``--style`` are their names."""

    @cached_property
    def network(self) -> MultiStyleNet:
        from bottega.transfer.feedforward import MultiStyleNet

        network = self.loaded().to(self.device)
        assert isinstance(network, MultiStyleNet)
        return network

    @cached_property
    def names(self) -> StyleNames:  # type: ignore[override]
        return trained_names(self.network.styles)

    def run(self, content: Tensor, mixture: Mapping[str, float]) -> Tensor:
        return self.network(content, self.network.style_vector(mixture))


def _open(settings: PaintSettings) -> Stylizer:
    return MultiStylizer(MULTI, settings)


MULTI = Method(
    name="multi",
    summary="a network of your own for many styles, which --style names",
    open=_open,
    takes=frozenset(["style", "keep_color", "color_method", "model"]),
    reason="paints in one pass",
    reasons=REASONS,
)
