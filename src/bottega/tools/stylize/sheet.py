"""Contact sheets: before and after, and one picture by several methods."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from bottega import pictures
from bottega.pictures import Picture
from bottega.tools.common.contact_sheet import split_rows
from bottega.tools.common.image_sources import TrainedSource
from bottega.tools.stylize.pipeline import StylizePipeline
from bottega.tools.stylize.plan import Plan

TILE_HEIGHT = 480
"""In pixels."""
MAX_METHODS_PER_ROW = 3


def before_after_sheet(before: Picture, plan: Plan, after: Picture) -> Tensor:
    """Content, every style once, and result in one row, ``(1, 3, H, W)``."""
    sources = [spec.source for spec in plan.styles if not isinstance(spec.source, TrainedSource)]
    styles = {source.name: source for source in sources}
    tiles = [before, *(source.open() for source in styles.values()), after]
    labels = ["before", *(source.label for source in styles.values()), "after"]
    return pictures.contact_sheet([tiles], [labels], height=TILE_HEIGHT)


def method_sheet(before: Picture, pipeline: StylizePipeline, results: Mapping[str, Picture]) -> Tensor:
    """Content and every style of a pipeline in the first row, then results by captions, ``(1, 3, H, W)``."""
    styles = {
        spec.source.name: (picture, spec.source.label)
        for spec, picture in zip(pipeline.plan.styles, pipeline.style_pictures, strict=True)
        if not isinstance(spec.source, TrainedSource)
    }
    tiles = [before, *(picture for picture, _ in styles.values())]
    labels = ["content", *(label for _, label in styles.values())]
    return pictures.contact_sheet(
        [tiles, *split_rows(list(results.values()), MAX_METHODS_PER_ROW)],
        [labels, *split_rows(list(results), MAX_METHODS_PER_ROW)],
        height=TILE_HEIGHT,
    )
