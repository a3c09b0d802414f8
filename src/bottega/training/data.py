"""Pictures to train on: any files, decoded once, kept small in memory as 8-bit tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from bottega.errors import PictureError
from bottega.pictures import load, resize


@dataclass
class PictureSet:
    """Decoded pictures in a fixed order.

    Attributes:
        pictures: each ``(3, h, w)`` uint8, shortest side at most ``short_side``.
        files: where each came from.
        broken: files that could not be read, with the reason; they are left out.
    """

    pictures: list[Tensor] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    broken: list[tuple[Path, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.pictures)


def load_pictures(files: Sequence[Path], short_side: int = 256) -> PictureSet:
    """Decode ``files``; larger ones are reduced to ``short_side``, smaller ones stay as they are.

    Raises:
        PictureError: not a single file could be read.
    """
    found = PictureSet()
    for file in files:
        try:
            pixels = load(file).pixels
        except PictureError as error:
            found.broken.append((file, str(error)))
            continue
        height, width = pixels.shape[-2:]
        shrink = short_side / min(height, width)
        if shrink < 1:
            pixels = resize(pixels, (round(height * shrink), round(width * shrink)))
        found.pictures.append((pixels[0] * 255).round().to(torch.uint8))
        found.files.append(file)
    if not found.pictures:
        raise PictureError(f"None of the {len(files)} files to train on could be read as a picture.")
    return found
