"""What methods share whose network looks at style pictures: sizes, codes that are kept, mixtures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from bottega.tools.common.image_sources import BUNDLED_STYLE_SIZE
from bottega.tools.stylize.methods.base import Method, Task
from bottega.tools.stylize.methods.feedforward import OnePassStylizer

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.tools.stylize.settings import PaintSettings
    from bottega.transfer.regions import Region, Style

LARGEST_STYLE = 1024
"""Long side at which a style is looked at, before its scale: larger strokes are beyond a network's sight."""
LARGEST_ENLARGED = 4096
LEAST_PAINTED = 400
"""Bundled styles are not painted smaller: lines and screens have a least width in pixels."""

Code = TypeVar("Code")


class AnyStyleStylizer(OnePassStylizer, Generic[Code]):
    """A subclass encodes one style picture and mixes codes.

    A style is looked at as large as the result, at most :data:`LARGEST_STYLE` pixels and as large as it is;
    that times its scale. So a scale above 1 enlarges it, and its strokes.
    """

    def __init__(self, method: Method, settings: PaintSettings) -> None:
        super().__init__(method, settings)
        # Pictures are kept beside their codes, so that no other takes over their identity.
        self._codes: dict[tuple[int, int], tuple[Tensor, Code]] = {}

    @abstractmethod
    def encode(self, picture: Tensor, mask: Tensor | None) -> Code:
        """What the network knows of a style ``(1, 3, h, w)``, or of the part inside ``mask (1, 1, h, w)``."""

    @abstractmethod
    def mix(self, codes: Sequence[Code], weights: Sequence[float]) -> Code:
        """Several styles as one."""

    def bundled_side(self, scale: float) -> int:
        side = round(
            min(self.asked.size or BUNDLED_STYLE_SIZE, LARGEST_STYLE) * self.asked.style_scale * scale
        )
        return min(max(side, LEAST_PAINTED), LARGEST_STYLE)

    def code(self, region: Region, task: Task) -> Code | None:
        """The code of a region's styles; None where the region is left alone."""
        if not region.styles:
            return None
        codes = [self.style_code(style, max(task.size)) for style in region.styles]
        return self.mix(codes, [style.weight for style in region.styles]) if len(codes) > 1 else codes[0]

    def style_code(self, style: Style, long_side: int) -> Code:
        """The code of one style, for a result with such a long side; kept where it can be used again."""
        from bottega import pictures

        picture = style.picture
        own = max(picture.shape[-2:])
        scale = self.asked.style_scale * style.scale
        side = max(1, round(min(min(long_side, LARGEST_STYLE, own) * scale, LARGEST_ENLARGED)))
        known = self._codes.get((id(picture), side))
        if known is not None:
            return known[1]
        mask = None if style.mask is None else pictures.fit(style.mask, side)
        found = self.encode(pictures.fit(picture, side), mask)
        if not (self.asked.keep_color and self.asked.color_method != "luminance"):
            self._codes[id(picture), side] = picture, found
        return found
