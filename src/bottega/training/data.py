"""Training pictures: found in a folder, decoded small, and drawn in batches of random crops.

A batch is a function of (seed, step, position) and of nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.files import file_sha256, list_files
from bottega.picture_formats import READ_SUFFIXES
from bottega.pictures import composite_on_white, load, resize
from bottega.training.augment import color_jitter, random_crop, random_rotated_crop, random_uniform
from bottega.training.step import Step

MAX_MEMORY_BYTES = 4 * 2**30


def find_pictures(folder: Path | str) -> list[Path]:
    """All picture files in a folder and its subfolders, sorted by path, without hidden ones.

    Raises:
        PictureError: the folder is missing, or has no picture in it.
    """
    files = list_files(folder, READ_SUFFIXES, recursive=True)
    if not files:
        raise PictureError(f"There is no picture in the folder {folder}.")
    return files


def hold_out(files: Sequence[Path], one_in: int = 10) -> tuple[list[Path], list[Path]]:
    """Split files into those for training and those held out for validation.

    The split depends on the file's own name alone (SHA-1 of its UTF-8 modulo ``one_in``): adding, removing
    or moving pictures does not change the side of any other.

    Raises:
        SettingsError: ``one_in`` is less than 2.
    """
    if one_in < 2:
        raise SettingsError(f"Cannot hold out one picture in {one_in}; use 2 or more.")
    training: list[Path] = []
    held_out: list[Path] = []
    for file in files:
        digest = hashlib.sha1(file.name.encode("utf-8", "surrogateescape")).digest()
        (held_out if int.from_bytes(digest, "big") % one_in == 0 else training).append(file)
    return training, held_out


def decode(file: Path, short_side: int) -> Tensor:
    """A picture on white as ``(3, h, w)`` uint8, its shorter side at most ``short_side``.

    Raises:
        PictureError: the file cannot be read.
    """
    pixels = composite_on_white(load(file))
    height, width = pixels.shape[-2:]
    scale = short_side / min(height, width)
    if scale < 1:
        pixels = resize(pixels, (round(height * scale), round(width * scale)))
    return (pixels[0] * 255).round().to(torch.uint8)


def picture_sha256(picture: Tensor) -> str:
    """Hash of the size and the samples of a picture ``(3, h, w)`` uint8."""
    return hashlib.sha256(bytes(str(picture.shape), "ascii") + picture.numpy().tobytes()).hexdigest()


@dataclass
class PictureSet(Sequence[Tensor]):
    """Pictures ``(3, h, w)`` uint8 in a fixed order: the first in memory, the others decoded at each access.

    Attributes:
        pictures: those in memory.
        files: where each came from.
        broken: files that cannot be read, with the reason. Those outside memory are detected when first read.
        duplicates: files that were left out because they hold the same picture as another one, with that one.
        short_side: the shorter side of a picture is at most this.
    """

    pictures: list[Tensor] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    broken: list[tuple[Path, str]] = field(default_factory=list)
    duplicates: list[tuple[Path, Path]] = field(default_factory=list)
    short_side: int = 256

    def __len__(self) -> int:
        return max(len(self.pictures), len(self.files))

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]  # no slices
        index = range(len(self))[index]
        if index < len(self.pictures):
            return self.pictures[index]
        return decode(self.files[index], self.short_side)

    def sha256(self) -> str:
        """Hash of the content of all files in their order, which decides what a training draws.

        Raises:
            PictureError: a file cannot be read any more.
        """
        return hashlib.sha256("".join(file_sha256(file) for file in self.files).encode()).hexdigest()

    def get_readable(self, index: int) -> Tensor:
        """The picture at ``index`` or, if its file is broken, the next that can be read.

        Raises:
            PictureError: no file can be read any more.
        """
        for i in [*range(index, len(self)), *range(index)]:
            try:
                return self[i]
            except PictureError as error:
                entry = (self.files[i], str(error))
                if entry not in self.broken:
                    self.broken.append(entry)
        raise PictureError(f"None of the {len(self)} pictures to train on can be read any more.")


def load_pictures(
    files: Sequence[Path],
    short_side: int = 256,
    max_bytes: int = MAX_MEMORY_BYTES,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    unique: bool = False,
) -> PictureSet:
    """Decode ``files``; larger ones are reduced to ``short_side``, smaller ones stay as they are.

    Args:
        max_bytes: memory for decoded pictures; those that do not fit are decoded again at each access, which
            is slower and gives the same pixels.
        on_progress: called with the number of files read so far, and their total.
        unique: leave out files with the same pixels as an earlier one; outside memory, with the same bytes.

    Raises:
        PictureError: no file can be read.
    """
    result = PictureSet(short_side=short_side)
    used_bytes = 0
    first_files: dict[str, Path] = {}
    for i, file in enumerate(files):
        is_in_memory = used_bytes < max_bytes or not result.pictures
        if not (is_in_memory or unique):
            result.files += files[i:]
            break
        try:
            digests = [file_sha256(file)] if unique else []
            if is_in_memory:
                picture = decode(file, short_side)
                digests += [picture_sha256(picture)] if unique else []
        except PictureError as error:
            result.broken.append((file, str(error)))
            continue
        finally:
            if on_progress:
                on_progress(i + 1, len(files))
        first = next((first_files[digest] for digest in digests if digest in first_files), None)
        if first is not None:
            result.duplicates.append((file, first))
            continue
        first_files |= dict.fromkeys(digests, file)
        if is_in_memory:
            result.pictures.append(picture)
            used_bytes += picture.numel()
        result.files.append(file)
    if not result.pictures:
        raise PictureError(f"None of the {len(files)} files to train on could be read as a picture.")
    return result


@dataclass(frozen=True)
class CropTransform:
    """Draws a random square crop from a picture.

    Attributes:
        size: side of the result in pixels.
        scale: smallest and largest side of the crop before resizing, as a multiple of ``size``.
        flip: mirror half of the crops.
        rotation: largest angle either way in degrees.
        color: strength of :func:`~bottega.training.augment.color_jitter`; 0 keeps the colors.
    """

    size: int = 128
    scale: tuple[float, float] = (1.0, 2.0)
    flip: bool = True
    rotation: float = 0.0
    color: float = 0.0

    def __post_init__(self) -> None:
        if self.size < 1 or not 0 < self.scale[0] <= self.scale[1]:
            raise SettingsError("A crop needs a size of 1 or more, and a scale from small to large above 0.")

    def __call__(self, picture: Tensor, generator: torch.Generator) -> Tensor:
        """A crop ``(3, size, size)`` float32 in [0, 1] of a picture ``(3, h, w)`` uint8."""
        window = self.size * random_uniform(generator, *self.scale)
        if self.rotation:
            crop = random_rotated_crop(picture, window, self.size, self.rotation, generator, self.flip)
        else:
            crop = random_crop(picture, window, self.size, generator, self.flip)
        return color_jitter(crop[None], self.color, generator)[0] if self.color else crop


class BatchLoader:
    """Loads batches of random crops; every picture is drawn once before any is drawn again.

    However a batch is divided into micro-batches and over processes, it holds the same crops.

    Args:
        pictures: the set to draw from.
        batch_size: crops in one step, over all micro-batches and processes.
        transform: how crops are drawn.
        seed: of order and crops. Two sets in one training (contents and styles) need different ones.
    """

    def __init__(
        self,
        pictures: PictureSet,
        batch_size: int = 8,
        transform: CropTransform | None = None,
        seed: int = 0,
    ) -> None:
        if len(pictures) == 0 or batch_size < 1:
            raise SettingsError("A batch needs at least one picture to draw from, and a size of 1 or more.")
        self.pictures, self.batch_size, self.seed = pictures, batch_size, seed
        self.transform = transform or CropTransform()

    def __call__(self, step: Step) -> Tensor:
        """This process's share of the step's batch: ``(share, 3, size, size)`` on the process's device.

        Raises:
            SettingsError: the batch cannot be divided evenly.
            PictureError: no picture can be read any more.
        """
        crops = []
        for position in step.batch_indices(self.batch_size):
            picture = self.pictures.get_readable(self.picture_index(step.index, position))
            crops.append(self.transform(picture, _generator(self.seed, step.index, position)))
        return torch.stack(crops).to(step.context.device)

    def picture_index(self, step: int, position: int) -> int:
        """Index of the picture at a position in the batch of a step."""
        epoch, offset = divmod(step * self.batch_size + position, len(self.pictures))
        return int(_epoch_order(len(self.pictures), self.seed, epoch)[offset])


@lru_cache(maxsize=8)
def _epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    return torch.randperm(count, generator=_generator(seed, epoch))


def _generator(*numbers: int) -> torch.Generator:
    """Seeded by a hash, so that neighboring numbers give unrelated generators."""
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big"))
