"""A sheet with before, styles and after."""

from __future__ import annotations

from torch import Tensor

from bottega import pictures
from bottega.pictures import Picture
from bottega.tools.common.image_sources import TrainedSource
from bottega.tools.stylize.plan import Plan

HEIGHT = 480
"""Of the pictures on the sheet, in pixels."""


def before_and_after(before: Picture, plan: Plan, after: Picture) -> Tensor:
    """Content, every style once, and result in one row; (1, 3, H, W)."""
    shown = [choice.source for choice in plan.styles if not isinstance(choice.source, TrainedSource)]
    styles = {source.name: source for source in shown}
    tiles = [before, *(source.open() for source in styles.values()), after]
    labels = ["before", *(source.label for source in styles.values()), "after"]
    return pictures.sheet([tiles], [labels], height=HEIGHT)
