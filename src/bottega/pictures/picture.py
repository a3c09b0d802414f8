"""The one shape in which pictures travel through the house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from torch import Tensor

from bottega.errors import PictureError


@final
@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, read once at the door.

    Attributes:
        pixels: ``(1, 3, H, W)`` float32, sRGB as displayed (not linear light), in [0, 1].
        alpha: ``(1, 1, H, W)`` float32 in [0, 1], 1 is opaque; None where the source has no alpha.
            ``pixels`` are not multiplied by it.
        bits: depth of the source per channel, 8 or 16.
        recipe: what made the picture, as found inside the file; None where there is none.
        name: for messages: the path, or "bytes", "array", "tensor", ...
        notes: what the reader should know, one sentence each: "only the first of 12 frames was read", ...

    Raises:
        PictureError: the shapes do not fit.
    """

    pixels: Tensor
    alpha: Tensor | None = None
    bits: int = 8
    recipe: dict[str, Any] | None = None
    name: str = "tensor"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or self.pixels.shape[:2] != (1, 3) or 0 in self.pixels.shape:
            raise PictureError(
                f"{self.name}: pixels have the shape {tuple(self.pixels.shape)}; a picture has (1, 3, H, W)."
            )
        expected = (1, 1, self.height, self.width)
        if self.alpha is not None and tuple(self.alpha.shape) != expected:
            raise PictureError(
                f"{self.name}: alpha has the shape {tuple(self.alpha.shape)}, not {expected} as the picture."
            )

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[3])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[2])
