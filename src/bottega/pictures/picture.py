"""The one shape in which pictures travel through the house."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bottega.errors import PictureError


@final
@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, read once at the door.

    Attributes:
        data: the pixels as they came: ``(1, 3, H, W)`` float32 in [0, 1], or 8-bit samples ``(H, W, 3)``;
            sRGB as displayed (not linear light).
        alpha: ``(1, 1, H, W)`` float32 in [0, 1], 1 is opaque; None where the source has no alpha.
            The pixels are not multiplied by it.
        bits: depth of the source per channel, 8 or 16.
        recipe: what made the picture, as found inside the file; None where there is none.
        name: for messages: the path, or "bytes", "array", "tensor", ...
        notes: what the reader should know, one sentence each: "only the first of 12 frames was read", ...

    Raises:
        PictureError: the shapes do not fit.
    """

    data: Tensor | NDArray[np.uint8]
    alpha: Tensor | None = None
    bits: int = 8
    recipe: dict[str, Any] | None = None
    name: str = "tensor"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = tuple(self.data.shape)
        if isinstance(self.data, Tensor):
            fits, wanted = len(shape) == 4 and shape[:2] == (1, 3), "(1, 3, H, W)"
        else:
            fits, wanted = len(shape) == 3 and shape[2] == 3 and self.data.dtype == np.uint8, "(H, W, 3)"
        if not fits or 0 in shape:
            raise PictureError(f"{self.name}: pixels have the shape {shape}; a picture has {wanted}.")
        expected = (1, 1, self.height, self.width)
        if self.alpha is not None and tuple(self.alpha.shape) != expected:
            raise PictureError(
                f"{self.name}: alpha has the shape {tuple(self.alpha.shape)}, not {expected} as the picture."
            )

    @cached_property
    def pixels(self) -> Tensor:
        """``(1, 3, H, W)`` float32 in [0, 1]; made from 8-bit samples when first asked for."""
        if isinstance(self.data, Tensor):
            return self.data
        planes = np.ascontiguousarray(self.data.transpose(2, 0, 1)[None], dtype=np.float32)
        planes /= np.float32(255)
        return torch.from_numpy(planes)

    @property
    def samples(self) -> NDArray[np.uint8] | None:
        """``(H, W, 3)`` where the picture came with 8 bits per channel; None where it holds floats."""
        return None if isinstance(self.data, Tensor) else self.data

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.data.shape[3] if isinstance(self.data, Tensor) else self.data.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.data.shape[2] if isinstance(self.data, Tensor) else self.data.shape[0])
