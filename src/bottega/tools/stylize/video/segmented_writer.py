"""Video files are written in segments: a stopped or killed run resumes after the last finished one."""

from __future__ import annotations

from dataclasses import replace

from bottega import video
from bottega.errors import Cancelled, OutputError, PictureError
from bottega.tools.stylize.video.job import VideoJob, VideoProgress
from bottega.tools.stylize.video.work_folder import ResumePoint, WorkFolder
from bottega.transfer.video import StylizedFrame, VideoStylizer
from bottega.video import (
    BackgroundConsumer,
    Encoding,
    Frame,
    OnMessage,
    SegmentWriter,
    SourceTracks,
    VideoFile,
)

SEGMENT_SECONDS = 5
MAX_SINGLE_THREAD_PIXELS = 1280 * 720
"""Up to here one thread encodes as fast as the others read and stylize."""


def write_video_file(job: VideoJob, on_unreadable: OnMessage) -> int:
    """Stylize into segments and join them with the sound; returns how many frames this run has stylized.

    Raises:
        PictureError, OutputError: something cannot be read or written.
        Cancelled: the user wants to stop; finished segments stay for the next run.
    """
    stylizer, folder = job.build_stylizer(), WorkFolder(job.output)
    resume, state, cleared = folder.open(job.recipe)
    if cleared:
        job.reporter.note(f"{folder.path} belongs to other settings or inputs; starting again.")
    if resume.segments:
        job.reporter.note(f"Resuming after frame {resume.index + 1}, from {folder.path}.")
    stylizer.load_state(state)
    tracks = _plan_tracks(job)
    progress = VideoProgress(job)
    writer = SegmentedWriter(job, folder, stylizer, resume)
    after = None if resume.time is None else resume.time + job.clip.info.time_base / 2
    try:
        with BackgroundConsumer(writer.write) as consumer:
            for frame in stylizer.stylize_parallel(job.frames(after, resume.index + 1, on_unreadable)):
                consumer.put(frame)
                progress.add_frame(frame.frame.index, frame.pixels)
        writer.close()
        finished = writer.finished
        if finished.frames != resume.frames + progress.count:
            raise OutputError(
                f"{job.output} was not written: {resume.frames + progress.count} frames were stylized and "
                f"{finished.frames} are in {folder.path}."
            )
        if not finished.segments:
            raise PictureError(f"{job.clip.info.name} has no frame that can be read.")
        job.reporter.progress(1.0, "joining")
        video.mux(
            folder.segments(finished.segments),
            job.output,
            frame_count=finished.frames,
            frame_rate=job.clip.info.frame_rate,
            last_duration=finished.duration,
            source=tracks,
            recipe=job.recipe,
            on_note=job.reporter.note,
        )
    except (KeyboardInterrupt, Cancelled):
        writer.abandon()
        message = "Stopped; no result was written."
        if writer.finished.segments == 0:
            folder.clear()
        else:
            message += f" The same command resumes from {folder.path}."
        raise Cancelled(message) from None
    except BaseException:
        writer.abandon()
        raise
    folder.clear()
    return progress.count


def _plan_tracks(job: VideoJob) -> SourceTracks | None:
    """Sound and subtitles of a video file, with a note for each that is changed or left out."""
    if not isinstance(job.clip, VideoFile):
        return None
    tracks = video.plan_tracks(job.settings.content, job.output)
    for note in tracks.notes:
        job.reporter.note(note)
    return tracks


class SegmentedWriter:
    """Stabilizes and encodes stylized frames, with a new file every few seconds of the video.

    Attributes:
        finished: the last complete segment.
    """

    def __init__(
        self, job: VideoJob, folder: WorkFolder, stylizer: VideoStylizer, finished: ResumePoint
    ) -> None:
        info = job.clip.info
        self.folder = folder
        self.stylizer = stylizer
        self.finished = finished
        self.info = replace(info, height=job.size[0], width=job.size[1])
        self.frames_per_segment = max(1, round(SEGMENT_SECONDS * info.frame_rate))
        self.encoding: Encoding = video.choose_encoding(job.output, job.settings.codec, job.settings.quality)
        self.alpha = info.has_alpha and self.encoding.alpha
        self.threads = 1 if job.size[0] * job.size[1] <= MAX_SINGLE_THREAD_PIXELS else 0
        self._writer: SegmentWriter | None = None
        self._last: tuple[StylizedFrame, Frame] | None = None
        if info.has_alpha and not self.alpha:
            job.reporter.note(
                f"{job.output}: {self.encoding.codec} in {job.output.suffix.lower()} has no transparency; "
                "transparent pixels become white. A .webm file with VP9 would keep it."
            )
        if self.encoding.even and (self.info.width % 2 or self.info.height % 2):
            job.reporter.note("H.264 needs even sizes; the last row or column is repeated once.")

    def write(self, stylized: StylizedFrame) -> None:
        """Write the next frame."""
        if self._last is not None and self._writer is not None:
            previous = self._last[1].index
            if stylized.frame.index // self.frames_per_segment > previous // self.frames_per_segment:
                self.close()
        frame = self.stylizer.stabilize(stylized)
        if self._writer is None:
            self._writer = SegmentWriter(
                self.folder.segment(self.finished.segments),
                self.info,
                self.encoding,
                alpha=self.alpha,
                threads=self.threads,
            )
        if frame.alpha is not None and not self.alpha:
            frame = replace(frame, pixels=video.composite_on_white(frame.pixels, frame.alpha), alpha=None)
        self._writer.write(frame)
        self._last = stylized, frame

    def close(self) -> None:
        """Finish the current segment."""
        if self._writer is None:
            return
        assert self._last is not None
        self._writer.close()
        stylized, frame = self._last
        self.finished = ResumePoint(
            self.finished.segments + 1,
            self.finished.frames + self._writer.count,
            frame.index,
            frame.time,
            frame.duration,
        )
        self._writer = None
        self.folder.finish(self.finished, self.stylizer.state(stylized))

    def abandon(self) -> None:
        """Drop the segment that is not finished."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None
