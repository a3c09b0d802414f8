"""Folders of frames: one numbered picture per frame, in and out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from bottega import pictures
from bottega.errors import BottegaError, OutputError, PictureError
from bottega.pictures.formats import READ_SUFFIXES, format_of
from bottega.video.clip import Bytes, ClipInfo, Frame, OnBroken, silently
from bottega.video.video_file import USUAL_RATE

NUMBER = re.compile(r"(\d+)\D*$")
"""The last number in a name: ``shot2-0017.png`` is frame 17."""
PATTERN = re.compile(r"%0?\d*d")
USUAL_PATTERN = "%05d.png"


def numbered_pictures(folder: Path) -> dict[int, Path]:
    """The pictures of a folder by the last number in their names, in its order.

    Raises:
        PictureError: no folder, no numbered picture in it, or one number twice.
    """
    if not folder.is_dir():
        raise PictureError(f"There is no folder {folder}.")
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        match = NUMBER.search(path.stem)
        if not match or path.suffix.lower() not in READ_SUFFIXES or path.name.startswith("."):
            continue
        number = int(match[1])
        if number in found:
            raise PictureError(
                f"{folder} has two pictures with the number {number}, {found[number].name} and {path.name}; "
                "frames are told apart by the last number in their names."
            )
        found[number] = path
    if not found:
        raise PictureError(f"There is no picture with a number in its name in the folder {folder}.")
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class FrameFolder:
    """A folder of frames.

    Args:
        path: of the folder.
        rate: frames per second.

    Raises:
        PictureError: no numbered picture, one number twice, or pictures of different sizes.
    """

    path: Path
    rate: Fraction = USUAL_RATE

    @cached_property
    def files(self) -> dict[int, Path]:
        return numbered_pictures(self.path)

    @property
    def first_number(self) -> int:
        return next(iter(self.files))

    @cached_property
    def info(self) -> ClipInfo:
        first = next(self.frames(), None)
        if first is None:
            raise PictureError(f"{self.path} has no frame that can be read.")
        count = len(self.files)
        return ClipInfo(
            str(self.path),
            first.width,
            first.height,
            self.rate,
            count,
            count / float(self.rate),
            1 / self.rate,
            alpha=first.alpha is not None,
        )

    def frames(
        self, start: Fraction | None = None, number: int = 0, on_broken: OnBroken = silently
    ) -> Iterator[Frame]:
        """See :class:`bottega.video.clip.Clip`. Gaps in the numbers are no gaps in time."""
        size: tuple[int, int] | None = None
        offset: int | None = None
        for count, path in enumerate(self.files.values()):
            time = count / self.rate
            if start is not None and time < start:
                continue
            offset = number - count if offset is None else offset
            try:
                picture = pictures.load(path)
            except BottegaError as error:
                on_broken(f"{str(error).rstrip('.')}; the frame is left out.")
                continue
            pixels = _bytes(picture.pixels)
            alpha = None if picture.alpha is None else _bytes(picture.alpha)[..., 0].copy()
            if size is not None and pixels.shape[:2] != size:
                raise PictureError(
                    f"{path} is {pixels.shape[1]} × {pixels.shape[0]} pixels and the frames before it are "
                    f"{size[1]} × {size[0]}; the frames of a clip have one size."
                )
            size = (pixels.shape[0], pixels.shape[1])
            yield Frame(pixels, time, count + offset, alpha)


def _bytes(values: torch.Tensor) -> Bytes:
    """``(1, C, H, W)`` in [0, 1] as ``(H, W, C)``."""
    rounded = values[0].permute(1, 2, 0).clamp(0, 1).mul(255).round_()
    return np.ascontiguousarray(rounded.numpy().astype(np.uint8))


class FolderWriter:
    """Writes frames as numbered pictures.

    Where frames were left out, their predecessor is written again under their numbers, as programs that read
    such folders want no gaps.

    Args:
        target: a folder, for ``00000.png`` and so on; or a pattern such as ``out/frame-%04d.jpg``.
        first: number of the first frame.
        quality: of JPEG and WebP files.

    Raises:
        OutputError: the folder cannot be made, or the format is unknown.
    """

    def __init__(self, target: Path, first: int = 0, quality: int = 92) -> None:
        self.pattern = self.pattern_of(target)
        self.first = first
        self.quality = quality
        format_of(self.pattern)
        folder = self.pattern.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise OutputError(f"The folder {folder} cannot be made: {reason}.") from None
        self._last: Frame | None = None

    @staticmethod
    def pattern_of(target: Path) -> Path:
        """The pattern that a target means."""
        return target if PATTERN.search(target.name) else target / USUAL_PATTERN

    def path(self, number: int) -> Path:
        """Where a frame goes."""
        return self.pattern.with_name(self.pattern.name % (number + self.first))

    def write(self, frame: Frame) -> None:
        """The next frame; and what was left out before it."""
        if self._last is not None:
            for number in range(self._last.number + 1, frame.number):
                self._save(replace(self._last, number=number))
        self._save(frame)
        self._last = frame

    def _save(self, frame: Frame) -> None:
        samples = frame.pixels if frame.alpha is None else np.dstack([frame.pixels, frame.alpha])
        pictures.save(pictures.as_picture(samples), self.path(frame.number), quality=self.quality)

    def close(self) -> None:
        """Every frame is on disk already."""
