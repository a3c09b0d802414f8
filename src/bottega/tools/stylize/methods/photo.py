"""The method ``photo``: tones and colours move, edges and textures stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bottega.tools.stylize.methods.base import Method, Stylizer

if TYPE_CHECKING:
    from bottega.tools.stylize.settings import PaintSettings


def _open(settings: PaintSettings) -> Stylizer:
    from bottega.tools.stylize.methods.micro_stylizer import OwnStatisticsStylizer

    return OwnStatisticsStylizer(PHOTO, settings)


PHOTO = Method(
    name="photo",
    summary="tones and colours of any style, the photograph's own edges",
    open=_open,
    takes=frozenset({"style", "strength", "color_strength", "keep_color", "color_method", "model"}),
    reason="paints in one pass",
    reasons={
        "marks": "moves tones and colours and lays no strokes",
        "style_scale": "moves tones and colours and lays no strokes",
        "engine": "always runs on torch",
        "precision": "always computes in fp32",
    },
)
