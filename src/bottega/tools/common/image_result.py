"""What the Python functions of the tools return: a picture with the recipe that makes it again."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega import pictures
from bottega.pictures import Picture
from bottega.tools.common.image_sources import Source
from bottega.tools.common.output_paths import check_not_input, format_bits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor


@dataclass(frozen=True)
class ImageResult:
    """A picture with its recipe; notebooks show it.

    Attributes:
        inputs: files that :meth:`save` never overwrites.
        recipe_in: the recipe for a file in a folder; its paths are relative to the folder.
        bits, quality: of the files that :meth:`save` writes; ``bits=None`` writes the picture's, if
            the format holds them.
    """

    picture: Picture
    inputs: Sequence[Source]
    recipe_in: Callable[[Path], dict[str, Any]]
    bits: int | None = 8
    quality: int = 92

    @property
    def image(self) -> Image:
        """The picture for PIL: RGB, or RGBA with alpha, 8 bits."""
        return self.picture.to_pil()

    @property
    def array(self) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8, or ``(H, W, 4)`` with alpha."""
        return self.picture.to_numpy()

    @property
    def tensor(self) -> Tensor:
        """``(1, 3, H, W)`` float32 in [0, 1], without alpha."""
        return self.picture.pixels

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe, with paths relative to the current folder."""
        return self.recipe_in(Path.cwd())

    def save(self, path: str | Path) -> Path:
        """Write the picture with its recipe. An older file is replaced, an input never.

        Raises:
            OutputError: the file cannot be written, or is one of the inputs.
        """
        target = Path(path)
        check_not_input(target, self.inputs)
        recipe = self.recipe_in(target.parent)
        bits = format_bits(target, self.picture.bits) if self.bits is None else self.bits
        return pictures.save(self.picture, target, bits=bits, quality=self.quality, recipe=recipe)

    def _repr_png_(self) -> bytes:
        """The picture in a notebook."""
        buffer = io.BytesIO()
        self.image.save(buffer, "PNG")
        return buffer.getvalue()
