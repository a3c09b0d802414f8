"""A style: a picture whose manner is taken, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from bottega.errors import PictureError, SettingsError


@dataclass(frozen=True)
class Style:
    """One style picture.

    Attributes:
        picture: ``(1, 3, H, W)``, sRGB in [0, 1].
        weight: share among the styles of one region, any scale.
        scale: stroke size relative to the whole transfer's ``style_scale``.
        mask: ``(1, 1, H, W)`` in [0, 1]: only this part of the picture is taken; none takes all.
    """

    picture: Tensor
    weight: float = 1.0
    scale: float = 1.0
    mask: Tensor | None = None

    def __post_init__(self) -> None:
        if self.picture.ndim != 4 or self.picture.shape[:2] != (1, 3):
            raise PictureError(
                f"A style picture must have the shape (1, 3, H, W), not {tuple(self.picture.shape)}."
            )
        if self.weight < 0 or self.scale <= 0:
            raise SettingsError(
                f"A style needs a weight of 0 or more and a scale above 0, "
                f"not {self.weight} and {self.scale}."
            )
        if self.mask is not None and self.mask.shape[-2:] != self.picture.shape[-2:]:
            raise PictureError(
                f"The mask of a style is {self.mask.shape[-1]} × {self.mask.shape[-2]} pixels, "
                f"its picture {self.picture.shape[-1]} × {self.picture.shape[-2]}; they must be equal."
            )
