"""From settings and a plan to what paints frames: network, style codes, timelines, masks."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

import torch

from bottega import pictures
from bottega.errors import SettingsError
from bottega.tools.stylize.methods.micro_stylizer import OwnStatisticsStylizer, magnified
from bottega.tools.stylize.pipeline import Painter
from bottega.tools.stylize.video.style_spec import ClipPlan
from bottega.transfer.color_transfer import luminance_transfer
from bottega.transfer.feedforward import StyleCode
from bottega.transfer.regions import Style
from bottega.transfer.video import ClipStylizer, Direction, Part, gathered
from bottega.video import Bytes, MaskTrack

if TYPE_CHECKING:
    from bottega.tools.stylize.settings import PaintSettings

REFUSED = {
    "optimize": "works for minutes on every frame, and no two frames would come out alike",
    "adain": "knows nothing of the frame before",
    "fast": "knows nothing of the frame before",
    "multi": "knows nothing of the frame before",
}


def open_stylizer(settings: PaintSettings) -> OwnStatisticsStylizer:
    """The method, where it is one for clips.

    Raises:
        SettingsError: it is none, or a setting does not go with clips.
    """
    from bottega.tools.stylize.methods import METHODS

    if settings.method in REFUSED:
        raise SettingsError(
            f"The method {settings.method} {REFUSED[settings.method]}; for clips use micro or photo."
        )
    if settings.bits == 16:
        raise SettingsError("The frames of a clip have 8 bits per channel; leave --bits out.")
    if settings.keep_color and settings.color_method != "luminance":
        raise SettingsError(
            f"--color-method {settings.color_method} would give the styles other colours with every frame; "
            "use luminance for clips."
        )
    stylizer = METHODS[settings.method].open(settings)
    assert isinstance(stylizer, OwnStatisticsStylizer)
    return stylizer


def make_stylizer(
    clip_plan: ClipPlan,
    painter: Painter,
    masks: Mapping[str, MaskTrack],
    *,
    size: tuple[int, int],
    begin: Fraction,
    temporal: float,
) -> ClipStylizer:
    """Encode the styles and put everything together.

    Args:
        painter: has the plan, settings and network.
        masks: of the plan's regions.
        size: (height, width) of the frames.
        begin: time of the first frame.
    """
    stylizer, plan = painter.stylizer, clip_plan.plan
    assert isinstance(stylizer, OwnStatisticsStylizer)
    settings = stylizer.asked
    coded: dict[str, list[tuple[float, StyleCode, float]]] = {}
    for choice, picture, moment in zip(plan.styles, painter.style_pictures, clip_plan.moments, strict=True):
        if choice.weight > 0:
            style = Style(picture.pixels, choice.weight, choice.scale, picture.alpha)
            code = stylizer.style_code(style, max(size))
            coded.setdefault(choice.region, []).append((moment, code, choice.weight))
    parts = [
        Part(region.name, gathered(coded[region.name]) if not region.leave else None, masks.get(region.name))
        for region in plan.regions
    ]
    manner = (settings.strength, settings.color_strength, settings.feather)
    direction = Direction(parts, *manner, begin, settings.marks, magnified(max(size)))
    keep = _in_its_own_colors if settings.keep_color else None
    return ClipStylizer(stylizer.network, direction, temporal, finish=keep)


def _in_its_own_colors(painted: Bytes, content: Bytes) -> Bytes:
    """Light and dark of the one, colours of the other."""
    one, other = (pictures.as_picture(each).pixels for each in (painted, content))
    kept = luminance_transfer(one, other)[0].permute(1, 2, 0).clamp(0, 1).mul(255).round_()
    return kept.to(torch.uint8).contiguous().numpy()
