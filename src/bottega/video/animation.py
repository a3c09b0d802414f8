"""Animations that browsers show like pictures: GIF, WebP and PNG, with durations and loop counts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from bottega.errors import OutputError, PictureError
from bottega.files import write_file
from bottega.video.clip import ClipInfo, Frame, OnBroken, silently

SUFFIXES = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".apng": "PNG"}
MILLISECOND = Fraction(1, 1000)
UNTIMED = 100
"""Milliseconds that browsers show a frame for which the file names no time, or next to none."""
SHORTEST = 11


def is_animated(path: Path) -> bool:
    """Whether a file is an animation of more than one frame; false for anything else, unreadable ones too."""
    try:
        with Image.open(path) as image:
            return image.format in SUFFIXES.values() and getattr(image, "n_frames", 1) > 1
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


@dataclass(frozen=True)
class Animation:
    """An animation file.

    Raises:
        PictureError: it cannot be read.
    """

    path: Path

    @cached_property
    def info(self) -> ClipInfo:
        with self._opened() as image:
            count = getattr(image, "n_frames", 1)
            durations, alpha = [], False
            for number in range(count):
                image.seek(number)
                durations.append(_duration(image))
                alpha = alpha or image.has_transparency_data
            seconds = sum(durations) / 1000
            return ClipInfo(
                str(self.path),
                image.width,
                image.height,
                Fraction(count) / (sum(durations) * MILLISECOND),
                count,
                seconds,
                MILLISECOND,
                alpha=alpha,
                plays=_plays(image),
            )

    def frames(
        self, start: Fraction | None = None, number: int = 0, on_broken: OnBroken = silently
    ) -> Iterator[Frame]:
        """See :class:`bottega.video.clip.Clip`; a frame of an animation is a change, so none is left out."""
        with self._opened() as image:
            time = 0
            for count in range(getattr(image, "n_frames", 1)):
                try:
                    image.seek(count)
                    samples = np.asarray(image.convert("RGBA"))
                except (OSError, EOFError, ValueError, SyntaxError) as error:
                    on_broken(
                        f"{self.path}: frame {count + 1} cannot be read ({error}); the rest is left out."
                    )
                    return
                duration = _duration(image)
                if start is None or time * MILLISECOND >= start:
                    alpha = samples[..., 3].copy() if self.info.alpha else None
                    pixels = np.ascontiguousarray(samples[..., :3])
                    yield Frame(pixels, time * MILLISECOND, number, alpha, duration * MILLISECOND)
                    number += 1
                time += duration

    def _opened(self) -> Image.Image:
        try:
            return Image.open(self.path)
        except (OSError, UnidentifiedImageError, ValueError, SyntaxError) as error:
            raise PictureError(f"{self.path} is no animation that can be read ({error}).") from None


def _duration(image: Any) -> int:
    """Milliseconds."""
    given = round(image.info.get("duration") or 0)
    return given if given >= SHORTEST else UNTIMED


def _plays(image: Any) -> int:
    """How often it plays; a GIF that does not say plays once, and what it does say counts repetitions."""
    if image.format == "GIF":
        repeats = image.info.get("loop")
        return 1 if repeats is None else 0 if repeats == 0 else repeats + 1
    return int(image.info.get("loop", 0))


class AnimationWriter:
    """Gathers frames and writes them at the end; the file is whole or not there.

    GIF frames get a palette of 256 colours each; WebP is written with ``quality`` (100 keeps every pixel);
    PNG keeps every pixel. All painted frames wait in memory: animations are short.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(self, path: Path, info: ClipInfo, quality: int = 92) -> None:
        self.path = path
        self.info = info
        self.quality = quality
        self._pictures: list[Image.Image] = []
        self._times: list[tuple[Fraction, Fraction | None]] = []

    def write(self, frame: Frame) -> None:
        """The next frame."""
        samples = frame.pixels if frame.alpha is None else np.dstack([frame.pixels, frame.alpha])
        picture = Image.fromarray(np.ascontiguousarray(samples))
        if SUFFIXES[self.path.suffix.lower()] == "GIF" and frame.alpha is None:
            picture = picture.quantize(256, method=Image.Quantize.MEDIANCUT)
        self._pictures.append(picture)
        self._times.append((frame.time, frame.duration))

    def close(self) -> None:
        """Write the file."""
        if not self._pictures:
            return
        kind = SUFFIXES[self.path.suffix.lower()]
        options: dict[str, Any] = {"duration": self._durations(), "save_all": True}
        options["append_images"] = self._pictures[1:]
        if kind == "GIF":
            # Pillow counts repetitions here too; played once is told by saying nothing.
            if self.info.plays != 1:
                options["loop"] = max(0, self.info.plays - 1)
            options["disposal"] = 2 if self._pictures[0].mode == "RGBA" else 0
        else:
            options["loop"] = self.info.plays
        if kind == "WEBP":
            options |= {"quality": self.quality, "lossless": self.quality == 100}
        buffer = io.BytesIO()
        try:
            self._pictures[0].save(buffer, kind, **options)
        except (OSError, ValueError) as error:
            raise OutputError(f"{self.path} cannot be written: {error}.") from None
        write_file(self.path, buffer.getvalue())

    def _durations(self) -> list[int]:
        """Milliseconds of each frame: from one to the next, the last as long as it says."""
        starts = [time for time, _ in self._times]
        own = self._times[-1][1] or 1 / self.info.rate
        ends = [*starts[1:], starts[-1] + own]
        # Rounded ends, not rounded lengths, so that errors do not add up.
        marks = [round((end - starts[0]) * 1000) for end in (starts[0], *ends)]
        return [max(1, after - before) for before, after in pairwise(marks)]
