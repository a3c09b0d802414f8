"""The method ``micro``: our own small network, any style at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bottega.tools.stylize.methods.base import Method, Stylizer

if TYPE_CHECKING:
    from bottega.tools.stylize.settings import PaintSettings


def _open(settings: PaintSettings) -> Stylizer:
    from bottega.tools.stylize.methods.micro_stylizer import OwnStatisticsStylizer

    return OwnStatisticsStylizer(MICRO, settings)


MICRO = Method(
    name="micro",
    summary="our own network, any style at once",
    open=_open,
    takes=frozenset(
        {"style", "strength", "color_strength", "marks", "style_scale", "keep_color", "color_method"}
        | {"model", "engine", "precision", "preview", "preview_every"}
    ),
    reason="paints in one pass",
)
