"""The picture type of the whole package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from bottega.errors import PictureError


@final
@dataclass(frozen=True, eq=False)
class Picture:
    """A picture in sRGB, as displayed (not linear light), upright.

    >>> picture = bottega.pictures.load("photo.jpg")
    >>> picture.pixels.shape, picture.to_numpy().shape, picture.to_pil().size
    (torch.Size([1, 3, 480, 640]), (480, 640, 3), (640, 480))

    Attributes:
        data: ``(1, 3, H, W)`` float32 in [0, 1], or 8-bit samples ``(H, W, 3)`` as they came from a file.
        alpha: ``(1, 1, H, W)`` float32 in [0, 1], 1 is opaque; None where the source has no alpha.
            The pixels are not multiplied by it.
        bits: depth of the source per channel, 8 or 16.
        recipe: the recipe inside the file, or None.
        name: for messages: the path, or "bytes", "array", "tensor", ...
        notes: warnings for the user, one sentence each, such as "Only the first of 12 frames was read."

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
            valid, expected = len(shape) == 4 and shape[:2] == (1, 3), "(1, 3, H, W)"
        else:
            valid, expected = len(shape) == 3 and shape[2] == 3 and self.data.dtype == np.uint8, "(H, W, 3)"
        if not valid or 0 in shape:
            raise PictureError(f"{self.name}: the pixels have the shape {shape}; {expected} is expected.")
        alpha_shape = (1, 1, self.height, self.width)
        if self.alpha is not None and tuple(self.alpha.shape) != alpha_shape:
            raise PictureError(
                f"{self.name}: the alpha has the shape {tuple(self.alpha.shape)}; {alpha_shape} is expected."
            )

    @cached_property
    def pixels(self) -> Tensor:
        """``(1, 3, H, W)`` float32 in [0, 1]; converted from 8-bit samples at the first access."""
        if isinstance(self.data, Tensor):
            return self.data
        planes = np.ascontiguousarray(self.data.transpose(2, 0, 1)[None], dtype=np.float32)
        planes /= np.float32(255)
        return torch.from_numpy(planes)

    @property
    def samples(self) -> NDArray[np.uint8] | None:
        """``(H, W, 3)`` without a copy for sources of 8 bits per channel; None for floats."""
        return None if isinstance(self.data, Tensor) else self.data

    def to_numpy(self, bits: int = 8) -> NDArray[Any]:
        """A copy as ``(H, W, 3)``, or ``(H, W, 4)`` with alpha: uint8, or uint16 with ``bits=16``.

        Values are rounded to the nearest step, halves to even.
        """
        if self.samples is not None and self.alpha is None and bits == 8:
            return self.samples.copy()
        layers = self.pixels if self.alpha is None else torch.cat([self.pixels, self.alpha], dim=1)
        values = layers[0].detach().cpu().permute(1, 2, 0).clamp(0, 1)
        rounded = values.mul_(2**bits - 1).round_()  # in place: prints are large
        return np.ascontiguousarray(rounded.numpy().astype(np.uint8 if bits == 8 else np.uint16))

    def to_pil(self) -> Image.Image:
        """A copy as a PIL image of mode RGB, or RGBA with alpha, with 8 bits per channel."""
        return Image.fromarray(self.to_numpy())

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.data.shape[3] if isinstance(self.data, Tensor) else self.data.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.data.shape[2] if isinstance(self.data, Tensor) else self.data.shape[0])
