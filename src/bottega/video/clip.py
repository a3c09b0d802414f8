"""One frame of a clip, what is known of a clip before it is read, and what every kind of clip can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]

OnBroken: TypeAlias = Callable[[str], Any]
"""Told, in one sentence, of every frame that cannot be read."""


@dataclass(frozen=True)
class Frame:
    """One frame, upright.

    Attributes:
        pixels: ``(H, W, 3)`` uint8, sRGB.
        time: when it is shown, in seconds from the start of the file's own clock, exactly as the file says.
        number: counts from 0; frames that cannot be read count too.
        alpha: ``(H, W)`` uint8 where the clip has transparency.
        duration: how long it is shown, in seconds, where the file says so and the next frame's time does not.
    """

    pixels: Bytes
    time: Fraction
    number: int
    alpha: Bytes | None = None
    duration: Fraction | None = None

    def with_pixels(self, pixels: Bytes) -> Frame:
        """The same moment with another picture."""
        return replace(self, pixels=pixels)

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])


@dataclass(frozen=True)
class ClipInfo:
    """What a clip says of itself before it is read.

    Attributes:
        name: for messages.
        width, height: in pixels, upright.
        rate: frames per second, on average.
        count: of frames, as far as it is known; the file may be wrong.
        seconds: length, as far as it is known.
        time_base: unit of the frames' times, in seconds.
        aspect: width over height of one pixel.
        sound: whether there is any.
        alpha: whether there is transparency.
        plays: how often an animation plays; 0 is for ever.
        notes: what the reader should know.
    """

    name: str
    width: int
    height: int
    rate: Fraction
    count: int | None
    seconds: float | None
    time_base: Fraction
    aspect: Fraction = Fraction(1)
    sound: bool = False
    alpha: bool = False
    plays: int = 0
    notes: tuple[str, ...] = ()


class Clip(Protocol):
    """Something that can be read frame by frame, as often as one likes."""

    @property
    def info(self) -> ClipInfo: ...

    def frames(
        self, start: Fraction | None = None, number: int = 0, on_broken: OnBroken = ...
    ) -> Iterator[Frame]:
        """The frames in order.

        Args:
            start: leave out what is shown before this time.
            number: of the first frame that is given then.
            on_broken: told of every frame that cannot be read. It is left out; as the times of the others
                stay, its predecessor is simply shown for longer.

        Raises:
            PictureError: there is no readable frame at all, or one is too large.
        """
        ...


def silently(sentence: str) -> None:
    """An :data:`OnBroken` that listens to nothing."""
