"""``stylize`` for a video: check everything, then read, stylize and write in parallel."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from bottega import video
from bottega.errors import Cancelled, OutputError, SettingsError
from bottega.files import check_overwrite, check_overwrite_folder
from bottega.picture_formats import format_of
from bottega.tools.common.image_sources import FileSource, Source
from bottega.tools.common.output_paths import check_not_input, unused_path
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult
from bottega.tools.stylize.pipeline import StylizePipeline
from bottega.tools.stylize.plan import parse_plan
from bottega.tools.stylize.settings import StylizeSettings
from bottega.tools.stylize.style_spec import frames_source
from bottega.tools.stylize.video.build import open_video_method
from bottega.tools.stylize.video.formats import OutputKind, default_output, output_kind
from bottega.tools.stylize.video.job import VideoJob, VideoProgress
from bottega.tools.stylize.video.segmented_writer import write_video_file
from bottega.transfer.video import StylizedFrame
from bottega.video import AnimationWriter, BackgroundConsumer, FrameFolder, FrameFolderWriter, OnMessage


def stylize_video(settings: StylizeSettings, reporter: ProgressReporter) -> ToolResult:
    """Stylize a video file, an animation or a folder of frames.

    Raises:
        SettingsError: a setting does not support videos.
        PictureError: the content, a style or a mask cannot be read.
        OutputError: the output cannot be written.
        Cancelled: the user wants to stop; see :func:`write_video_file`.
    """
    start = time.monotonic()
    job = _open_job(settings, reporter)
    count, unreadable = run_job(job)
    seconds = time.monotonic() - start
    height, width = job.size
    return ToolResult(
        f"{job.output} ({count} frames of {width} × {height} pixels, {seconds:.1f} seconds, "
        f"{count / max(seconds, 1e-9):.1f} frames per second)",
        files=(job.output,),
        details={
            "width": width,
            "height": height,
            "frames": count,
            "unreadable": unreadable,
            "seconds": round(seconds, 3),
            "recipe": job.recipe,
        },
    )


def run_job(job: VideoJob) -> tuple[int, list[str]]:
    """Write the video; returns how many frames this run has stylized, and a message for each unreadable one.

    Raises:
        PictureError, OutputError, Cancelled: see :func:`stylize_video`.
    """
    info = job.clip.info
    for note in info.notes:
        job.reporter.note(f"{info.name}: {note}")
    unreadable: list[str] = []

    def on_unreadable(message: str) -> None:
        unreadable.append(message)
        job.reporter.note(message)

    job.reporter.progress(0.0, "encoding styles")
    count = write_video_file(job, on_unreadable) if job.kind == "video" else _write_frames(job, on_unreadable)
    return count, unreadable


def _open_job(settings: StylizeSettings, reporter: ProgressReporter) -> VideoJob:
    """Check everything before the work begins."""
    for name in ("sheet", "compare"):
        if name in settings.model_fields_set:
            raise SettingsError(f"--{name} is for pictures; leave it out for the video {settings.content}.")
    method = open_video_method(settings)
    plan = parse_plan(settings.style, settings.region, settings.protect, video=True)
    clip = video.open_clip(settings.content, Fraction(settings.frame_rate).limit_denominator(1001))
    output = settings.output or default_output(settings.content, plan.label + settings.label)
    if settings.output is None and not settings.overwrite:
        output = unused_path(output)
    kind = output_kind(output)
    if kind == "video":
        video.choose_encoding(output, settings.codec, settings.quality)
    elif "codec" in settings.model_fields_set:
        raise SettingsError(f"--codec is for video files, and {output} is not a video file.")
    inputs = [frames_source(settings.content), *plan.sources]
    check_video_output(output, kind, inputs, overwrite=settings.overwrite)
    duration = clip.info.duration  # reads the content, so that a file that is not a video is rejected here
    for spec in plan.styles:
        if duration is not None and (spec.start_seconds or 0.0) > duration:
            reporter.note(
                f"{spec.source.name}@{spec.start_seconds:g}s: {settings.content} ends after "
                f"{float(duration):.1f} s, before the style starts."
            )
    return VideoJob(settings, reporter, clip, output, kind, StylizePipeline(plan, method))


def check_video_output(output: Path, kind: OutputKind, inputs: Sequence[Source], *, overwrite: bool) -> None:
    """Check that a video can be written and that nothing is lost by it.

    Raises:
        OutputError: the folder is missing or not empty, or the file exists or is an input.
    """
    if kind == "folder":
        folder = FrameFolderWriter.pattern_of(output).parent
        check_overwrite_folder(folder, overwrite)
        check_not_input(folder, inputs)
        return
    check_overwrite(output, overwrite, [source.path for source in inputs if isinstance(source, FileSource)])


def _write_frames(job: VideoJob, on_unreadable: OnMessage) -> int:
    """Write an animation, which appears at the end, or a folder, whose frames appear one by one."""
    info = replace(job.clip.info, height=job.size[0], width=job.size[1])
    writer: AnimationWriter | FrameFolderWriter
    if job.kind == "animation":
        writer = AnimationWriter(job.output, info, job.settings.quality, job.reporter.note)
    else:
        numbers = list(job.clip.files) if isinstance(job.clip, FrameFolder) else ()
        writer = FrameFolderWriter(job.output, numbers, job.settings.quality)
        if info.has_alpha and format_of(writer.pattern) == "JPEG":
            job.reporter.note("JPEG has no transparency; transparent pixels become white.")
    stylizer, progress = job.build_stylizer(), VideoProgress(job)
    try:
        with BackgroundConsumer[StylizedFrame](
            lambda frame: writer.write(stylizer.stabilize(frame))
        ) as consumer:
            for frame in stylizer.stylize_parallel(job.frames(None, 0, on_unreadable)):
                consumer.put(frame)
                progress.add_frame(frame.frame.index, frame.pixels)
    except (KeyboardInterrupt, Cancelled):
        result = "no result was written" if job.kind == "animation" else "the frames so far are written"
        raise Cancelled(f"Stopped; {result}.") from None
    if writer.count != progress.count:
        raise OutputError(
            f"{job.output}: {progress.count} frames were stylized and {writer.count} are written; "
            "please report this."
        )
    writer.close()
    return progress.count
