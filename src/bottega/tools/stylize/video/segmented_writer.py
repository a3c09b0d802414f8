"""Painting a film: in segments that outlive a kill, joined with the sound at the end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bottega import video
from bottega.errors import Cancelled, PictureError
from bottega.tools.stylize.video.work_folder import Reached, WorkFolder
from bottega.transfer.video import ClipStylizer, Raw
from bottega.video import Behind, Encoding, Film, Frame, OnBroken, SegmentWriter

if TYPE_CHECKING:
    from bottega.tools.stylize.video.run import Job

SEGMENT_SECONDS = 5
MANY_PIXELS = 1280 * 720
"""Above it one thread would encode more slowly than the others read and paint."""


def paint(job: Job, on_broken: OnBroken) -> int:
    """Write the film of a job; returns how many frames were painted now.

    Raises:
        PictureError, OutputError: something cannot be read or written.
        Cancelled: the report asked for it; finished segments stay for the next time.
    """
    stylizer, folder = job.stylizer(), WorkFolder(job.output)
    reached, memory, cleared = folder.open(job.recipe)
    if cleared:
        job.report.note(f"The work in {folder.path} was begun otherwise; it begins anew.")
    if reached.segments:
        job.report.note(f"Going on after frame {reached.number + 1}, from {folder.path}.")
    stylizer.remember(memory)
    teller = job.teller(reached.number + 1)
    segments = Segments(job, folder, stylizer, reached)
    after = None if reached.time is None else reached.time + job.clip.info.time_base / 2
    try:
        with Behind(segments.add) as behind:
            for raw in stylizer.overlapped(job.frames(after, reached.number + 1, on_broken)):
                behind.put(raw)
                teller.frame(raw.ready.frame.number, raw.pixels)
        segments.end()
        found = folder.segments(segments.number)
        if not found:
            raise PictureError(f"{job.clip.info.name} has no frame that can be read.")
        job.report.progress(1.0, "joining")
        sound = job.settings.content if isinstance(job.clip, Film) and job.clip.info.sound else None
        video.join(found, job.output, sound=sound, recipe=job.recipe, on_note=job.report.note)
    except (KeyboardInterrupt, Cancelled):
        segments.abandon()
        raise Cancelled(_stopped(folder, segments)) from None
    except BaseException:
        segments.abandon()
        raise
    folder.clear()
    return teller.painted


def _stopped(folder: WorkFolder, segments: Segments) -> str:
    if segments.number == 0:
        folder.clear()
        return "Stopped; no result was written."
    return f"Stopped; no result was written. The same command goes on from {folder.path}."


class Segments:
    """Settles and encodes painted frames, a new file every few seconds of the film.

    Attributes:
        number: of finished segments.
    """

    def __init__(self, job: Job, folder: WorkFolder, stylizer: ClipStylizer, reached: Reached) -> None:
        info = job.clip.info
        self.folder = folder
        self.stylizer = stylizer
        self.number = reached.segments
        self.info = replace(info, height=job.size[0], width=job.size[1])
        self.length = max(1, round(SEGMENT_SECONDS * info.rate))
        self.encoding: Encoding = video.encoding_for(job.output, job.settings.codec, job.settings.quality)
        self.alpha = info.alpha and self.encoding.alpha
        self.threads = 1 if job.size[0] * job.size[1] <= MANY_PIXELS else 0
        self._writer: SegmentWriter | None = None
        self._last: tuple[Raw, Frame] | None = None
        self._say(job)

    def _say(self, job: Job) -> None:
        if self.info.alpha and not self.alpha:
            job.report.note(
                f"{self.encoding.codec} keeps no transparency; what is transparent becomes white."
            )
        if self.encoding.even and (self.info.width % 2 or self.info.height % 2):
            job.report.note("H.264 takes even sizes; the last row or column is repeated once.")

    def add(self, raw: Raw) -> None:
        """The next frame."""
        if self._writer is not None and raw.ready.frame.number // self.length > self._number_of_last():
            self._finish()
        frame = self.stylizer.settle(raw)
        if self._writer is None:
            self._writer = SegmentWriter(
                self.folder.segment(self.number),
                self.info,
                self.encoding,
                alpha=self.alpha,
                threads=self.threads,
            )
        if frame.alpha is not None and not self.alpha:
            frame = replace(frame, pixels=video.on_white(frame.pixels, frame.alpha), alpha=None)
        self._writer.write(frame)
        self._last = raw, frame

    def end(self) -> None:
        """After the last frame."""
        if self._writer is not None:
            self._finish()

    def abandon(self) -> None:
        """Drop the segment that is not finished."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None

    def _number_of_last(self) -> int:
        assert self._last is not None
        return self._last[1].number // self.length

    def _finish(self) -> None:
        assert self._writer is not None
        assert self._last is not None
        self._writer.close()
        self._writer = None
        raw, frame = self._last
        self.folder.finish(self.number, self.stylizer.memory(raw), frame.number, frame.time)
        self.number += 1
