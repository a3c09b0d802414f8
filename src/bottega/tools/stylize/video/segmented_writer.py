"""Video files are written in segments: a stopped or killed run resumes after the last finished one."""

from __future__ import annotations

from dataclasses import replace

from bottega import video
from bottega.errors import Cancelled, PictureError
from bottega.tools.stylize.video.job import VideoJob, VideoProgress
from bottega.tools.stylize.video.work_folder import WorkFolder
from bottega.transfer.video import StylizedFrame, VideoStylizer
from bottega.video import BackgroundConsumer, Encoding, Frame, OnMessage, SegmentWriter, VideoFile

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
    progress = VideoProgress(job)
    writer = SegmentedWriter(job, folder, stylizer, resume.segments)
    after = None if resume.time is None else resume.time + job.clip.info.time_base / 2
    try:
        with BackgroundConsumer(writer.write) as consumer:
            for frame in stylizer.stylize_parallel(job.frames(after, resume.index + 1, on_unreadable)):
                consumer.put(frame)
                progress.add_frame(frame.frame.index, frame.pixels)
        writer.close()
        segments = folder.segments(writer.finished)
        if not segments:
            raise PictureError(f"{job.clip.info.name} has no frame that can be read.")
        job.reporter.progress(1.0, "joining")
        audio = job.settings.content if isinstance(job.clip, VideoFile) and job.clip.info.has_audio else None
        video.mux(segments, job.output, audio=audio, recipe=job.recipe, on_note=job.reporter.note)
    except (KeyboardInterrupt, Cancelled):
        writer.abandon()
        message = "Stopped; no result was written."
        if writer.finished == 0:
            folder.clear()
        else:
            message += f" The same command resumes from {folder.path}."
        raise Cancelled(message) from None
    except BaseException:
        writer.abandon()
        raise
    folder.clear()
    return progress.count


class SegmentedWriter:
    """Stabilizes and encodes stylized frames, with a new file every few seconds of the video.

    Attributes:
        finished: number of complete segments.
    """

    def __init__(self, job: VideoJob, folder: WorkFolder, stylizer: VideoStylizer, finished: int) -> None:
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
            job.reporter.note(f"{self.encoding.codec} has no transparency; transparent pixels become white.")
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
                self.folder.segment(self.finished),
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
        self._writer = None
        stylized, frame = self._last
        self.folder.finish(self.finished, self.stylizer.state(stylized), frame.index, frame.time)
        self.finished += 1

    def abandon(self) -> None:
        """Drop the segment that is not finished."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None
