"""Folders of frames: one numbered picture per frame, read and written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from bottega import pictures
from bottega.errors import BottegaError, OutputError, PictureError
from bottega.files import list_files
from bottega.picture_formats import READ_SUFFIXES, format_of
from bottega.video.clip import DEFAULT_FRAME_RATE, ClipInfo, Frame, OnMessage, ignore

_NUMBER = re.compile(r"(\d+)\D*$")  # the last number in a name: ``shot2-0017.png`` is frame 17
_PATTERN = re.compile(r"%0?\d*d")
DEFAULT_PATTERN = "%05d.png"


def list_numbered_pictures(folder: Path) -> dict[int, Path]:
    """The pictures of a folder by the last number in their names, in its order.

    Raises:
        PictureError: the folder is missing, has no numbered picture, or has one number twice.
    """
    files: dict[int, Path] = {}
    for path in list_files(folder, READ_SUFFIXES):
        match = _NUMBER.search(path.stem)
        if not match:
            continue
        number = int(match[1])
        if number in files:
            raise PictureError(
                f"{folder} has two pictures with the number {number}, {files[number].name} and {path.name}; "
                "the last number in a name must be unique."
            )
        files[number] = path
    if not files:
        raise PictureError(f"The folder {folder} has no picture with a number in its name.")
    return dict(sorted(files.items()))


@dataclass(frozen=True)
class FrameFolder:
    """A folder of frames as a clip.

    Args:
        path: of the folder.
        rate: frames per second.

    Raises:
        PictureError: no numbered picture, one number twice, or pictures of different sizes.
    """

    path: Path
    rate: Fraction = DEFAULT_FRAME_RATE

    @cached_property
    def files(self) -> dict[int, Path]:
        return list_numbered_pictures(self.path)

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
            has_alpha=first.alpha is not None,
        )

    def frames(
        self, start: Fraction | None = None, first_index: int = 0, on_unreadable: OnMessage = ignore
    ) -> Iterator[Frame]:
        """See :class:`bottega.video.clip.Clip`. Gaps in the numbers are not gaps in time."""
        size: tuple[int, int] | None = None
        offset: int | None = None
        for count, path in enumerate(self.files.values()):
            time = count / self.rate
            if start is not None and time < start:
                continue
            offset = first_index - count if offset is None else offset
            try:
                samples = pictures.load(path).to_numpy()
            except BottegaError as error:
                on_unreadable(f"{str(error).rstrip('.')}; the frame is left out.")
                continue
            if size is not None and samples.shape[:2] != size:
                raise PictureError(
                    f"{path} has {samples.shape[1]} × {samples.shape[0]} pixels and the frames before have "
                    f"{size[1]} × {size[0]}; they must be equal."
                )
            size = (samples.shape[0], samples.shape[1])
            alpha = samples[..., 3].copy() if samples.shape[2] == 4 else None
            yield Frame(samples[..., :3].copy(), time, count + offset, alpha)


class FrameFolderWriter:
    """Writes frames as numbered pictures.

    Where frames are missing, the frame before them is written again under their numbers, because programs
    that read such folders expect no gaps.

    Args:
        target: a folder, for ``00000.png`` and so on; or a pattern such as ``out/frame-%04d.jpg``.
        numbers: of the frames, as in the folder that they come from; empty counts from 0.
        quality: of JPEG and WebP files.

    Attributes:
        count: frames so far, without those that are written again.

    Raises:
        OutputError: the folder cannot be created, or the format is unknown.
    """

    def __init__(self, target: Path, numbers: Sequence[int] = (), quality: int = 92) -> None:
        self.pattern = self.pattern_of(target)
        self.numbers = numbers
        self.quality = quality
        self.count = 0
        self._previous: Frame | None = None
        format_of(self.pattern)
        folder = self.pattern.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise OutputError(f"The folder {folder} cannot be created: {reason}.") from None

    @staticmethod
    def pattern_of(target: Path) -> Path:
        """The pattern that a target stands for."""
        return target if _PATTERN.search(target.name) else target / DEFAULT_PATTERN

    def path(self, index: int) -> Path:
        """The file of a frame."""
        return self.pattern.with_name(self.pattern.name % (self.numbers[index] if self.numbers else index))

    def write(self, frame: Frame) -> None:
        """Write the next frame, and the missing ones before it."""
        if self._previous is not None:
            for index in range(self._previous.index + 1, frame.index):
                self._save(replace(self._previous, index=index))
        self._save(frame)
        self._previous = frame
        self.count += 1

    def _save(self, frame: Frame) -> None:
        pictures.save(pictures.as_picture(frame.rgba), self.path(frame.index), quality=self.quality)

    def close(self) -> None:
        """Every frame is on disk already."""
