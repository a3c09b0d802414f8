"""Masks that change with the frame: a folder of them, a film of them, or one that holds for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bottega import pictures
from bottega.errors import PictureError
from bottega.video.clip import Frame
from bottega.video.frame_folder import numbered_pictures
from bottega.video.video_file import FILM_SUFFIXES, Film

Mask: TypeAlias = NDArray[np.float32]
MaskTrack: TypeAlias = Callable[[Frame], Mask]
"""Gives the mask of a frame, ``(H, W)`` float32 in [0, 1]; frames come in their order."""

OnNote: TypeAlias = Callable[[str], object]


def mask_track(path: Path, on_note: OnNote = lambda sentence: None) -> MaskTrack:
    """Masks from a file or folder.

    Args:
        path: a folder of numbered masks, of which the lowest number belongs to the first frame; a film, whose
            frame at the same time counts; or one picture.
        on_note: told once where masks end before the clip does; the last one then holds.

    Raises:
        PictureError: nothing there, or no masks in it.
    """
    if path.is_dir():
        return FolderMasks(path, on_note)
    if path.suffix.lower() in FILM_SUFFIXES:
        return FilmMasks(path)
    return StillMask(path)


class StillMask:
    """One picture for all frames."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mask = _read(path)

    def __call__(self, frame: Frame) -> Mask:
        return _fitting(self._mask, frame, str(self.path))


class FolderMasks:
    """A picture per frame, matched by number."""

    def __init__(self, path: Path, on_note: OnNote) -> None:
        self.files = numbered_pictures(path)
        self.path = path
        self._on_note = on_note
        self._numbers = list(self.files)
        self._said = False

    def __call__(self, frame: Frame) -> Mask:
        wanted = self._numbers[0] + frame.number
        if wanted not in self.files:
            if not self._said:
                self._on_note(f"{self.path} has no mask number {wanted}; the one before it holds on")
                self._said = True
            wanted = max(number for number in self._numbers if number < wanted)
        file = self.files[wanted]
        return _fitting(_read(file), frame, str(file))


class FilmMasks:
    """A film whose brightness is the mask, read along with the clip."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._film = Film(path)
        self._frames: Iterator[Frame] | None = None
        self._shown: Frame | None = None
        self._next: Frame | None = None

    def __call__(self, frame: Frame) -> Mask:
        if self._frames is None or (self._shown is not None and self._shown.time > frame.time):
            self._frames = self._film.frames()
            self._shown = next(self._frames)
            self._next = next(self._frames, None)
        while self._next is not None and self._next.time <= frame.time:
            self._shown, self._next = self._next, next(self._frames, None)
        assert self._shown is not None
        mask = self._shown.pixels.mean(axis=2, dtype=np.float32) / 255
        return _fitting(mask, frame, str(self.path))


def _read(path: Path) -> Mask:
    return np.ascontiguousarray(pictures.load_mask(path)[0, 0].numpy(), dtype=np.float32)


def _fitting(mask: Mask, frame: Frame, name: str) -> Mask:
    if mask.shape != (frame.height, frame.width):
        raise PictureError(
            f"The mask {name} is {mask.shape[1]} × {mask.shape[0]} pixels and the frames are "
            f"{frame.width} × {frame.height}; a mask must be as large as the picture it is for."
        )
    return mask
