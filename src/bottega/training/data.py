"""Pictures to train on: any files, decoded small; kept in memory as 8-bit tensors, or read ever again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from bottega.errors import PictureError
from bottega.pictures import load, resize

MEMORY = 4 * 2**30


class LazyPictures(Sequence[Tensor]):
    """Pictures of which the first are in memory, the others are decoded each time they are asked for."""

    def __init__(self, kept: Sequence[Tensor], files: Sequence[Path], short_side: int) -> None:
        self.kept, self.files, self.short_side = kept, files, short_side

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]  # no slices
        """``(3, h, w)`` uint8.

        Raises:
            PictureError: the file cannot be read.
        """
        index = range(len(self))[index]
        return self.kept[index] if index < len(self.kept) else decode(self.files[index], self.short_side)


@dataclass
class PictureSet:
    """Pictures in a fixed order.

    Attributes:
        pictures: each ``(3, h, w)`` uint8, shortest side at most ``short_side``.
        files: where each came from.
        broken: files that could not be read, with the reason; they are left out. One that is not in memory is
            found broken when it is first read.
    """

    pictures: Sequence[Tensor] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    broken: list[tuple[Path, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.pictures)

    def readable(self, number: int) -> Tensor:
        """The picture of a number or, where its file is broken, the next that can be read.

        Raises:
            PictureError: not one file can be read any more.
        """
        for place in [*range(number, len(self)), *range(number)]:
            try:
                return self.pictures[place]
            except PictureError as error:
                entry = (self.files[place], str(error))
                if entry not in self.broken:
                    self.broken.append(entry)
        raise PictureError(f"None of the {len(self)} pictures to train on can be read any more.")


def load_pictures(
    files: Sequence[Path],
    short_side: int = 256,
    memory: int = MEMORY,
    on_progress: Callable[[int, int], None] | None = None,
) -> PictureSet:
    """Decode ``files``; larger ones are reduced to ``short_side``, smaller ones stay as they are.

    Args:
        memory: bytes that decoded pictures may take; what does not fit is decoded again whenever it is drawn,
            which is slower and gives the same pixels.
        on_progress: called with the files that are done, and how many there are.

    Raises:
        PictureError: not a single file could be read.
    """
    found = PictureSet()
    kept: list[Tensor] = []
    used = 0
    for number, file in enumerate(files):
        if used >= memory and kept:
            found.files += files[number:]
            break
        try:
            kept.append(decode(file, short_side))
        except PictureError as error:
            found.broken.append((file, str(error)))
            continue
        finally:
            if on_progress:
                on_progress(number + 1, len(files))
        used += kept[-1].numel()
        found.files.append(file)
    if not kept:
        raise PictureError(f"None of the {len(files)} files to train on could be read as a picture.")
    all_kept = len(kept) == len(found.files)
    found.pictures = kept if all_kept else LazyPictures(kept, found.files, short_side)
    return found


def decode(file: Path, short_side: int) -> Tensor:
    """A picture as ``(3, h, w)`` uint8, its shorter side at most ``short_side``.

    Raises:
        PictureError: the file cannot be read.
    """
    pixels = load(file).pixels
    height, width = pixels.shape[-2:]
    shrink = short_side / min(height, width)
    if shrink < 1:
        pixels = resize(pixels, (round(height * shrink), round(width * shrink)))
    return (pixels[0] * 255).round().to(torch.uint8)
