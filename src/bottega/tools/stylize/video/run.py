"""``stylize`` for a video: check everything, then read, stylize and write in parallel."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from bottega import video
from bottega.errors import Cancelled, SettingsError
from bottega.files import check_overwrite, check_overwrite_folder
from bottega.tools.common.image_sources import FileSource, Source
from bottega.tools.common.output_paths import check_not_input
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult
from bottega.tools.stylize.methods.base import result_size
from bottega.tools.stylize.pipeline import Painter
from bottega.tools.stylize.recipe import CLIP
from bottega.tools.stylize.video import segmented_writer as film
from bottega.tools.stylize.video.build import make_stylizer, open_stylizer
from bottega.tools.stylize.video.formats import Kind, default_output, kind_of
from bottega.tools.stylize.video.progress import Teller
from bottega.tools.stylize.video.style_spec import ClipPlan, clip_source, read_clip_plan
from bottega.transfer.clips import ClipStylizer, Raw
from bottega.video import (
    AnimationWriter,
    BackgroundConsumer,
    Clip,
    Frame,
    FrameFolder,
    FrameFolderWriter,
    OnMessage,
)

if TYPE_CHECKING:
    from bottega.tools.stylize.tool import StylizeSettings


class Writer(Protocol):
    """Takes painted frames in their order."""

    def write(self, frame: Frame) -> None: ...

    def close(self) -> None: ...


@dataclass
class Job:
    """One clip to paint, checked and ready."""

    settings: StylizeSettings
    report: ProgressReporter
    clip: Clip
    output: Path
    kind: Kind
    clip_plan: ClipPlan
    painter: Painter

    @cached_property
    def size(self) -> tuple[int, int]:
        """(height, width) of the result."""
        info = self.clip.info
        return result_size(info.height, info.width, self.painter.stylizer.asked.size or 0)

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """What makes the clip again."""
        content = clip_source(self.settings.content)
        recipe = self.painter.recipe(content, self.output.parent)
        clip = {
            "temporal": self.settings.temporal,
            "moments": list(self.clip_plan.moments),
            "codec": self.settings.codec,
            "rate": self.settings.frame_rate,
        }
        return {**recipe, "tool": CLIP, "clip": clip}

    def stylizer(self) -> ClipStylizer:
        """With its masks at their beginning."""
        masks = {
            region.name: video.open_mask_track(region.mask.path, self.report.note)
            for region in self.clip_plan.plan.regions
            if isinstance(region.mask, FileSource)
        }
        begin = next(self.clip.frames()).time
        return make_stylizer(
            self.clip_plan,
            self.painter,
            masks,
            size=self.size,
            begin=begin,
            temporal=self.settings.temporal,
        )

    def frames(self, start: Fraction | None, number: int, on_unreadable: OnMessage) -> Iterator[Frame]:
        """The clip's frames, as large as the result."""
        for frame in self.clip.frames(start, number, on_unreadable):
            yield frame if (frame.height, frame.width) == self.size else _resized(frame, self.size)

    def teller(self, begun_at: int = 0) -> Teller:
        """Of this clip's progress."""
        settings = self.settings
        return Teller(
            self.report,
            self.clip.info,
            begun_at,
            preview=settings.preview,
            preview_every=settings.preview_every,
        )


def stylize_clip(settings: StylizeSettings, report: ProgressReporter) -> ToolResult:
    """Paint a film, an animation or a folder of frames.

    Raises:
        SettingsError: a setting does not support videos.
        PictureError: the content, a style or a mask cannot be read.
        OutputError: the output cannot be written.
        Cancelled: the user wants to stop; see :func:`write_video_file`.
    """
    start = time.monotonic()
    job = _open_job(settings, reporter)
    count, broken = run_job(job)
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
            "broken": broken,
            "seconds": round(seconds, 3),
            "recipe": job.recipe,
        },
    )


def run_job(job: VideoJob) -> tuple[int, list[str]]:
    """Write the video; returns how many frames this run has stylized, and a message for each broken one.

    Raises:
        PictureError, OutputError, Cancelled: see :func:`stylize_video`.
    """
    info = job.clip.info
    for note in info.notes:
        job.reporter.note(f"{info.name}: {note}")
    broken: list[str] = []

    def on_unreadable(sentence: str) -> None:
        broken.append(sentence)
        report.note(sentence)

    report.progress(0.0, "looking")
    painted = film.paint(job, on_unreadable) if job.kind == "film" else _paint_at_once(job, on_unreadable)
    return painted, broken


def _open_job(settings: StylizeSettings, reporter: ProgressReporter) -> VideoJob:
    """Check everything before the work begins."""
    for name in ("sheet", "compare"):
        if name in settings.model_fields_set:
            raise SettingsError(f"--{name} is for pictures; leave it out for the video {settings.content}.")
    method = open_video_method(settings)
    plan = parse_plan(
        settings.style, settings.region, settings.protect, resolver=method.style_resolver, video=True
    )
    clip = video.open_clip(settings.content, Fraction(settings.frame_rate).limit_denominator(1001))
    output = settings.output or default_output(settings.content, clip_plan.plan.label)
    kind = kind_of(output)
    if kind == "film":
        video.choose_encoding(output, settings.codec, settings.quality)
    elif "codec" in settings.model_fields_set:
        raise SettingsError(f"--codec is for video files, and {output} is not a video file.")
    inputs = [mask_source(settings.content, video=True), *plan.sources]
    check_video_output(output, kind, inputs, overwrite=settings.overwrite)
    duration = clip.info.seconds  # reads the content, so that a file that is not a video is rejected here
    for spec in plan.styles:
        if duration is not None and (spec.start_seconds or 0.0) > duration:
            reporter.note(
                f"{spec.source.name}@{spec.start_seconds:g}s: {settings.content} ends after "
                f"{float(duration):.1f} s, before the style starts."
            )
    return VideoJob(settings, reporter, clip, output, kind, StylizePipeline(plan, method))


def _check_moments(
    settings: StylizeSettings, clip_plan: ClipPlan, clip: Clip, report: ProgressReporter
) -> None:
    """Say which styles the clip ends before, where its length is known."""
    seconds = clip.info.duration
    for word, moment in zip(settings.style, clip_plan.moments, strict=True):
        if seconds is not None and moment > seconds:
            report.note(f"{word}: {settings.content} ends after {float(seconds):.1f} s, before that moment.")


def check_clip_output(output: Path, kind: Kind, inputs: Sequence[Source], *, overwrite: bool) -> None:
    """Refuse a result that could not be written, or that would destroy something.

    Raises:
        OutputError: the folder is missing or not empty, or the file exists or is an input.
    """
    if kind == "folder":
        folder = FrameFolderWriter.pattern_of(output).parent
        if folder.exists() and any(folder.iterdir()) and not overwrite:
            raise OutputError(f"The folder {folder} has files in it; choose another, or add --overwrite.")
        check_not_input(folder, inputs)
        return
    check_overwrite(output, overwrite, [source.path for source in inputs if isinstance(source, FileSource)])


def _paint_at_once(job: Job, on_unreadable: OnMessage) -> int:
    """Animations, which appear whole at the end, and folders, whose frames appear one by one."""
    info = replace(job.clip.info, height=job.size[0], width=job.size[1])
    writer: AnimationWriter | FolderWriter
    if job.kind == "animation":
        writer = AnimationWriter(job.output, info, job.settings.quality)
    else:
        first = job.clip.first_number if isinstance(job.clip, FrameFolder) else 0
        writer = FrameFolderWriter(job.output, first, job.settings.quality)
    stylizer, teller = job.stylizer(), job.teller()
    try:
        with BackgroundConsumer[Raw](lambda raw: writer.write(stylizer.settle(raw))) as behind:
            for raw in stylizer.overlapped(job.frames(None, 0, on_unreadable)):
                behind.put(raw)
                teller.frame(raw.ready.frame.index, raw.pixels)
    except (KeyboardInterrupt, Cancelled):
        kept = "no result was written" if job.kind == "animation" else "the frames so far are written"
        raise Cancelled(f"Stopped; {kept}.") from None
    writer.close()
    return teller.painted


def _resized(frame: Frame, size: tuple[int, int]) -> Frame:
    picture = pictures.resize(pictures.as_picture(frame.pixels).pixels, size)
    alpha = frame.alpha
    if alpha is not None:
        planes = pictures.resize(pictures.as_picture(alpha).pixels, size)
        alpha = _bytes(planes)[..., 0].copy()
    return replace(frame, pixels=_bytes(picture), alpha=alpha)


def _bytes(picture: Any) -> video.UInt8Array:
    import torch

    rounded = picture[0].permute(1, 2, 0).clamp(0, 1).mul(255).round_()
    return rounded.to(torch.uint8).contiguous().numpy()
