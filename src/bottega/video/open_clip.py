"""Open a clip or a track of masks, whatever kind of file or folder the path is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bottega import pictures
from bottega.errors import PictureError
from bottega.picture_formats import VIDEO_SUFFIXES, is_animated
from bottega.video.animation import Animation
from bottega.video.clip import DEFAULT_FRAME_RATE, Clip, Frame, OnMessage, ignore
from bottega.video.frame_folder import FrameFolder, list_numbered_pictures
from bottega.video.video_file import VideoFile

Mask: TypeAlias = NDArray[np.float32]
MaskTrack: TypeAlias = Callable[[Frame], Mask]
"""Returns the mask of a frame, ``(H, W)`` float32 in [0, 1]; frames must come in order."""


def open_clip(path: Path, rate: Fraction = DEFAULT_FRAME_RATE) -> Clip:
    """A folder of frames, an animation, or a video file.

    Args:
        rate: frames per second of a folder; other clips state their own.

    Raises:
        PictureError: it cannot be read.
    """
    if path.is_dir():
        return FrameFolder(path, rate)
    return Animation(path) if is_animated(path) else VideoFile(path)


def open_mask_track(
    path: Path,
    on_note: OnMessage = ignore,
    *,
    numbers: Sequence[int] = (),
    start: Fraction = Fraction(0),
) -> MaskTrack:
    """Masks from a file or folder.

    Args:
        path: a folder of numbered masks, matched by number; a video file, whose frame at the same time from
            the start counts; or one picture for all frames.
        on_note: called once where a mask is missing; the one before it is then used on.
        numbers: of a clip's frames, where it is a folder. Where the masks have other numbers, their lowest
            belongs to the lowest of the frames, as to the first frame of any other clip.
        start: time of the clip's first frame.

    Raises:
        PictureError: the path does not exist or holds no masks.
    """
    if path.is_dir():
        return _FolderMasks(path, on_note, numbers)
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return _VideoMasks(path, on_note, start)
    mask = _load_mask(path)
    return lambda frame: _check_size(mask, frame, path)


class _FolderMasks:
    """A picture per frame, matched by number."""

    def __init__(self, path: Path, on_note: OnMessage, numbers: Sequence[int]) -> None:
        self.path = path
        self.files = list_numbered_pictures(path)
        self._on_note = on_note
        self._noted = False
        self._numbers = numbers
        same_numbers = set(numbers) <= self.files.keys() or self.files.keys() <= set(numbers)
        self._shift = 0 if numbers and same_numbers else min(self.files) - min(numbers, default=0)

    def __call__(self, frame: Frame) -> Mask:
        # Not by count: numbers may have gaps.
        number = self._shift + (self._numbers[frame.index] if self._numbers else frame.index)
        if number not in self.files:
            earlier = [other for other in self.files if other < number]
            if not self._noted:
                other = "the one before it is used on" if earlier else "the first one is used"
                self._on_note(f"{self.path} has no mask number {number}; {other}.")
                self._noted = True
            number = max(earlier, default=min(self.files))
        file = self.files[number]
        return _check_size(_load_mask(file), frame, file)


class _VideoMasks:
    """A video whose brightness is the mask, read in step with the clip."""

    def __init__(self, path: Path, on_note: OnMessage, start: Fraction) -> None:
        self.path = path
        self._on_note = on_note
        self._noted = False
        self._video = VideoFile(path)
        self._start = start
        self._mask_start = Fraction(0)
        self._frames: Iterator[Frame] | None = None
        self._current: Frame | None = None
        self._next: Frame | None = None

    def __call__(self, frame: Frame) -> Mask:
        # Files begin at other times, such as 1.4 s; what counts is the time since the first frame.
        time = frame.time - self._start + self._mask_start
        if self._frames is None or (self._current is not None and self._current.time > time):
            self._frames = self._video.frames()
            self._current = next(self._frames)
            self._next = next(self._frames, None)
            self._mask_start = self._current.time
            time = frame.time - self._start + self._mask_start
        while self._next is not None and self._next.time <= time:
            self._current, self._next = self._next, next(self._frames, None)
        assert self._current is not None
        duration = self._current.duration
        if self._next is None and duration is not None and time >= self._current.time + duration:
            if not self._noted:
                self._on_note(f"{self.path} ends before the clip; its last mask is used on.")
            self._noted = True
        mask = self._current.pixels.mean(axis=2, dtype=np.float32) / 255
        return _check_size(mask, frame, self.path)


def _load_mask(path: Path) -> Mask:
    return np.ascontiguousarray(pictures.load_mask(path)[0, 0].numpy(), dtype=np.float32)


def _check_size(mask: Mask, frame: Frame, path: Path) -> Mask:
    if mask.shape != (frame.height, frame.width):
        raise PictureError(
            f"The mask {path} has {mask.shape[1]} × {mask.shape[0]} pixels and the frames have "
            f"{frame.width} × {frame.height}; they must be equal."
        )
    return mask
