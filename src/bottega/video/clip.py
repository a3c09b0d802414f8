"""What all kinds of clips share: frames, the description of a clip, and the protocol for reading one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

UInt8Array: TypeAlias = NDArray[np.uint8]

OnMessage: TypeAlias = Callable[[str], object]
"""Receives messages for the user, each one sentence."""

DEFAULT_FRAME_RATE = Fraction(25)
"""Frames per second of folders, and of video files without a frame rate."""


def ignore(message: str) -> None:
    """An :data:`OnMessage` that does nothing."""


@dataclass(frozen=True)
class Frame:
    """One upright frame.

    Attributes:
        pixels: ``(H, W, 3)`` uint8, sRGB.
        time: exact start in seconds, by the file's own clock.
        index: counts from 0; frames that cannot be read count too.
        alpha: ``(H, W)`` uint8 where the clip has transparency.
        duration: in seconds, where the file states it and the next frame's time does not.
    """

    pixels: UInt8Array
    time: Fraction
    index: int
    alpha: UInt8Array | None = None
    duration: Fraction | None = None

    def with_pixels(self, pixels: UInt8Array) -> Frame:
        """The same frame with other pixels."""
        return replace(self, pixels=pixels)

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def rgba(self) -> UInt8Array:
        """``(H, W, 3)``, or ``(H, W, 4)`` where the frame has alpha."""
        return self.pixels if self.alpha is None else np.dstack([self.pixels, self.alpha])


@dataclass(frozen=True)
class ClipInfo:
    """Description of a clip, available before its frames are read.

    Attributes:
        name: for messages.
        width, height: in pixels, upright.
        frame_rate: frames per second, on average.
        frame_count: as the file states it, which may be wrong; None where unknown.
        duration: in seconds; None where unknown.
        time_base: unit of the frames' times, in seconds.
        pixel_aspect: width over height of one pixel.
        has_audio: whether there is an audio track.
        has_alpha: whether there is transparency.
        play_count: how often an animation plays; 0 is forever.
        notes: warnings for the user.
    """

    name: str
    width: int
    height: int
    frame_rate: Fraction
    frame_count: int | None
    duration: float | None
    time_base: Fraction
    pixel_aspect: Fraction = Fraction(1)
    has_audio: bool = False
    has_alpha: bool = False
    play_count: int = 0
    notes: tuple[str, ...] = ()


class Clip(Protocol):
    """A source of frames that can be read any number of times."""

    @property
    def info(self) -> ClipInfo: ...

    def frames(
        self, start: Fraction | None = None, first_index: int = 0, on_unreadable: OnMessage = ...
    ) -> Iterator[Frame]:
        """The frames in order.

        Args:
            start: skip frames before this time, in seconds.
            first_index: index of the first frame that is returned.
            on_unreadable: called for every frame that cannot be read. Such a frame is left out; the times of
                the others stay, so the frame before it lasts longer.

        Raises:
            PictureError: no frame can be read, or one is too large.
        """
        ...
