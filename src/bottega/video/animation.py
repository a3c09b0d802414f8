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
from bottega.video.clip import ClipInfo, Frame, OnMessage, ignore

SUFFIXES = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".apng": "PNG"}
_MILLISECOND = Fraction(1, 1000)
_MIN_DURATION_MS, _DEFAULT_DURATION_MS = 11, 100  # browsers show shorter and untimed frames for the latter


@dataclass(frozen=True)
class Animation:
    """An animation file as a clip.

    Raises:
        PictureError: it cannot be read.
    """

    path: Path

    @cached_property
    def info(self) -> ClipInfo:
        with self._open() as image:
            count = getattr(image, "n_frames", 1)
            milliseconds, has_alpha = 0, False
            for index in range(count):
                image.seek(index)
                milliseconds += _duration_ms(image)
                has_alpha = has_alpha or image.has_transparency_data
            return ClipInfo(
                str(self.path),
                image.width,
                image.height,
                Fraction(count) / (milliseconds * _MILLISECOND),
                count,
                milliseconds / 1000,
                _MILLISECOND,
                has_alpha=has_alpha,
                play_count=_play_count(image),
            )

    def frames(
        self, start: Fraction | None = None, first_index: int = 0, on_unreadable: OnMessage = ignore
    ) -> Iterator[Frame]:
        """See :class:`bottega.video.clip.Clip`; frames after an unreadable one are left out."""
        with self._open() as image:
            time = 0
            for number in range(getattr(image, "n_frames", 1)):
                try:
                    image.seek(number)
                    samples = np.asarray(image.convert("RGBA"))
                except (OSError, EOFError, ValueError, SyntaxError) as error:
                    on_unreadable(
                        f"{self.path}: frame {number + 1} cannot be read ({error}); the rest is left out."
                    )
                    return
                duration = _duration_ms(image)
                if start is None or time * _MILLISECOND >= start:
                    alpha = samples[..., 3].copy() if self.info.has_alpha else None
                    pixels = np.ascontiguousarray(samples[..., :3])
                    yield Frame(pixels, time * _MILLISECOND, first_index, alpha, duration * _MILLISECOND)
                    first_index += 1
                time += duration

    def _open(self) -> Image.Image:
        try:
            return Image.open(self.path)
        except (OSError, UnidentifiedImageError, ValueError, SyntaxError) as error:
            raise PictureError(f"{self.path} cannot be read as an animation ({error}).") from None


def _duration_ms(image: Any) -> int:
    duration = round(image.info.get("duration") or 0)
    return duration if duration >= _MIN_DURATION_MS else _DEFAULT_DURATION_MS


def _play_count(image: Any) -> int:
    """How often it plays, 0 for forever; a GIF counts repetitions, and plays once where it has no count."""
    loop = image.info.get("loop")
    if image.format == "GIF":
        return 1 if loop is None else loop + 1 if loop else 0
    return int(loop or 0)


class AnimationWriter:
    """Collects frames and writes them at the end; the file is written completely or not at all.

    GIF frames get a palette of 256 colours each; WebP is written with ``quality`` (100 is lossless); PNG is
    lossless. All frames stay in memory, as animations are short.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(self, path: Path, info: ClipInfo, quality: int = 92) -> None:
        self.path = path
        self.info = info
        self.quality = quality
        self._format = SUFFIXES[path.suffix.lower()]
        self._images: list[Image.Image] = []
        self._times: list[tuple[Fraction, Fraction | None]] = []

    def write(self, frame: Frame) -> None:
        """Add the next frame."""
        image = Image.fromarray(np.ascontiguousarray(frame.rgba))
        if self._format == "GIF" and frame.alpha is None:
            image = image.quantize(256, method=Image.Quantize.MEDIANCUT)
        self._images.append(image)
        self._times.append((frame.time, frame.duration))

    def close(self) -> None:
        """Write the file, unless there are no frames."""
        if not self._images:
            return
        options: dict[str, Any] = {"duration": self._durations_ms(), "save_all": True}
        options["append_images"] = self._images[1:]
        if self._format == "GIF":
            # Pillow counts repetitions here too; a GIF that plays once has no count.
            if self.info.play_count != 1:
                options["loop"] = max(0, self.info.play_count - 1)
            options["disposal"] = 2 if self._images[0].mode == "RGBA" else 0
        else:
            options["loop"] = self.info.play_count
        if self._format == "WEBP":
            options |= {"quality": self.quality, "lossless": self.quality == 100}
        buffer = io.BytesIO()
        try:
            self._images[0].save(buffer, self._format, **options)
        except (OSError, ValueError) as error:
            raise OutputError(f"{self.path} cannot be written: {error}.") from None
        write_file(self.path, buffer.getvalue())

    def _durations_ms(self) -> list[int]:
        """From each frame to the next; the last as long as it states."""
        starts = [time for time, _ in self._times]
        last_duration = self._times[-1][1] or 1 / self.info.frame_rate
        # Rounded times, not rounded durations, so that errors do not add up.
        rounded = [round((time - starts[0]) * 1000) for time in (*starts, starts[-1] + last_duration)]
        return [max(1, after - before) for before, after in pairwise(rounded)]
