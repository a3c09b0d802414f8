"""Animations that browsers show like pictures: GIF, WebP and PNG, with durations and loop counts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bottega import pictures
from bottega.errors import BottegaError, OutputError
from bottega.files import write_file
from bottega.pictures.open_image import open_image, open_stream, picture_errors
from bottega.video.clip import ClipInfo, Frame, OnMessage, ignore
from bottega.video.gif_colors import quantize_frames

SUFFIXES = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".apng": "PNG"}
_MILLISECOND = Fraction(1, 1000)
_MIN_DURATION_MS, _DEFAULT_DURATION_MS = 11, 100  # browsers show shorter and untimed frames for the latter
_TIME_UNIT_MS = {"GIF": 10}
_MIN_FRAME_MS = {"GIF": 20}
_MAX_FRAME_MS = {"GIF": 655_350, "PNG": 65_535, "WEBP": 2**24 - 1}
_ALPHA_THRESHOLD = 128


@dataclass(frozen=True)
class Animation:
    """An animation file as a clip: upright, in sRGB.

    Raises:
        PictureError: it cannot be read, or is too large.
    """

    path: Path

    @cached_property
    def info(self) -> ClipInfo:
        with self._open() as image:
            milliseconds = count = 0
            size, has_alpha, notes = (0, 0), False, dict[str, None]()
            for picture, duration in self._pictures(image, ignore):
                count += 1
                milliseconds += duration
                size = picture.width, picture.height
                has_alpha = has_alpha or (picture.alpha is not None and bool((picture.alpha < 1).any()))
                notes |= dict.fromkeys(picture.notes)
            return ClipInfo(
                str(self.path),
                *size,
                Fraction(count) / (milliseconds * _MILLISECOND),
                count,
                milliseconds / 1000,
                _MILLISECOND,
                has_alpha=has_alpha,
                play_count=_play_count(image),
                notes=tuple(notes),
            )

    def frames(
        self, start: Fraction | None = None, first_index: int = 0, on_unreadable: OnMessage = ignore
    ) -> Iterator[Frame]:
        """See :class:`bottega.video.clip.Clip`; frames after an unreadable one are left out."""
        with self._open() as image:
            time = 0
            for picture, duration in self._pictures(image, on_unreadable):
                if start is None or time * _MILLISECOND >= start:
                    samples = picture.to_numpy()
                    alpha = None
                    if self.info.has_alpha:
                        opaque = np.full(samples.shape[:2], 255, np.uint8)
                        alpha = samples[..., 3].copy() if samples.shape[2] == 4 else opaque
                    pixels = np.ascontiguousarray(samples[..., :3])
                    yield Frame(pixels, time * _MILLISECOND, first_index, alpha, duration * _MILLISECOND)
                    first_index += 1
                time += duration

    def _pictures(
        self, image: Image.Image, on_unreadable: OnMessage
    ) -> Iterator[tuple[pictures.Picture, int]]:
        """Each frame with its duration in milliseconds, until one cannot be read.

        Raises:
            PictureError: the first frame cannot be read.
        """
        for index in range(getattr(image, "n_frames", 1)):
            try:
                with picture_errors(f"{self.path}: frame {index + 1}", image.format or ""):
                    image.seek(index)
                    image.load()
                picture = pictures.as_picture(image.copy())
            except BottegaError as error:
                if index == 0:
                    raise
                on_unreadable(f"{str(error).rstrip('.')}; the rest is left out.")
                return
            # Only a frame that is loaded states its duration.
            duration = round(image.info.get("duration") or 0)
            yield picture, duration if duration >= _MIN_DURATION_MS else _DEFAULT_DURATION_MS

    @contextmanager
    def _open(self) -> Iterator[Image.Image]:
        with open_stream(self.path) as (stream, name):
            yield open_image(stream, name, None)


def _play_count(image: Any) -> int:
    """How often it plays, 0 for forever; a GIF counts repetitions, and plays once where it has no count."""
    loop = image.info.get("loop")
    if image.format == "GIF":
        return 1 if loop is None else loop + 1 if loop else 0
    return int(loop or 0)


class AnimationWriter:
    """Collects frames and writes them at the end; the file is written completely or not at all.

    GIF frames get 256 colours, see :func:`bottega.video.gif_colors.quantize_frames`; WebP is written with
    ``quality`` (100 is lossless); PNG is lossless. All frames stay in memory, as animations are short.

    Args:
        path: of the file.
        info: of the source clip; gives frame rate and play count.
        quality: of WebP.
        on_note: called with what the format cannot hold.

    Attributes:
        count: frames so far.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(self, path: Path, info: ClipInfo, quality: int = 92, on_note: OnMessage = ignore) -> None:
        self.path = path
        self.info = info
        self.quality = quality
        self.on_note = on_note
        self.count = 0
        self._format = SUFFIXES[path.suffix.lower()]
        self._images: list[Image.Image] = []
        self._times: list[tuple[Fraction, Fraction | None]] = []
        self._partly_transparent = False

    def write(self, frame: Frame) -> None:
        """Add the next frame."""
        samples = frame.pixels
        if self.info.has_alpha:
            alpha = np.full(samples.shape[:2], 255, np.uint8) if frame.alpha is None else frame.alpha
            if self._format == "GIF":
                self._partly_transparent |= bool(((alpha > 0) & (alpha < 255)).any())
                alpha = np.where(alpha >= _ALPHA_THRESHOLD, np.uint8(255), np.uint8(0))
            samples = np.dstack([samples, alpha])
        self._images.append(Image.fromarray(np.ascontiguousarray(samples)))
        self._times.append((frame.time, frame.duration))
        self.count += 1

    def close(self) -> None:
        """Write the file, unless there are no frames."""
        if not self._images:
            return
        durations = self._durations_ms()
        images = [image for image, duration in zip(self._images, durations, strict=True) if duration]
        durations = [duration for duration in durations if duration]
        if self._partly_transparent:
            self.on_note(
                f"{self.path}: a GIF pixel is opaque or transparent; half-transparent ones are lost."
            )
        options: dict[str, Any] = {"duration": durations, "save_all": True}
        if self._format == "GIF":
            has_alpha = images[0].mode == "RGBA"
            images = quantize_frames(images)
            # Pillow counts repetitions here too; a GIF that plays once has no count.
            if self.info.play_count != 1:
                options["loop"] = max(0, self.info.play_count - 1)
            options |= {"disposal": 2 if has_alpha else 0, "optimize": False}
            if has_alpha:
                options["transparency"] = 255
        else:
            options["loop"] = self.info.play_count
        if self._format == "WEBP":
            options |= {"quality": self.quality, "lossless": self.quality == 100}
        buffer = io.BytesIO()
        try:
            images[0].save(buffer, self._format, append_images=images[1:], **options)
        except (OSError, ValueError) as error:
            raise OutputError(f"{self.path} cannot be written: {error}.") from None
        self._check(buffer, sum(durations))
        write_file(self.path, buffer.getvalue())

    def _durations_ms(self) -> list[int]:
        """From each frame to the next; the last as long as it states; 0 for a frame that is left out."""
        unit = Fraction(_TIME_UNIT_MS.get(self._format, 1))
        shortest = Fraction(_MIN_FRAME_MS.get(self._format, _MIN_DURATION_MS)) / unit
        first = self._times[0][0]
        starts = [(time - first) * 1000 / unit for time, _ in self._times]
        ends = starts[-1] + (self._times[-1][1] or 1 / self.info.frame_rate) * 1000 / unit
        # Rounded times, not rounded durations, so that errors do not add up.
        places: list[int | None] = []
        earliest = 0
        for start in starts:
            place = max(round(start), earliest)
            late = place - start >= shortest / 2
            places.append(None if late else place)
            earliest = earliest if late else place + -(-shortest // 1)
        end = max(round(ends), earliest)
        left_out = places.count(None)
        if left_out:
            self.on_note(
                f"{self.path}: {self._format} shows at most {1000 // (shortest * unit)} frames per second; "
                f"{left_out} of {len(places)} frames are left out, and the speed stays."
            )
        durations = []
        for position in reversed(places):
            durations.append(0 if position is None else int((end - position) * unit))
            end = end if position is None else position
        return self._limited(durations[::-1])

    def _limited(self, durations: list[int]) -> list[int]:
        limit = _MAX_FRAME_MS[self._format]
        if max(durations) > limit:
            self.on_note(f"{self.path}: {self._format} shows a frame for at most {limit / 1000:g} seconds.")
        return [min(duration, limit) for duration in durations]

    def _check(self, buffer: io.BytesIO, milliseconds: int) -> None:
        """Check that the finished file lasts as long as its frames; equal neighbors are joined to one.

        Raises:
            OutputError: it does not.
        """
        buffer.seek(0)
        total = 0
        with Image.open(buffer) as image:
            for index in range(getattr(image, "n_frames", 1)):
                image.seek(index)
                image.load()
                total += round(image.info.get("duration") or 0)
        if total != milliseconds and total:
            raise OutputError(
                f"{self.path} was not written: it would last {total / 1000:g} seconds instead of "
                f"{milliseconds / 1000:g}."
            )
