"""``bottega stylize`` for a clip: check everything, then read, paint and write side by side."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bottega import pictures, video
from bottega.errors import Cancelled, OutputError, SettingsError
from bottega.files import check_writable_folder
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
from bottega.transfer.video import ClipStylizer, Raw
from bottega.video import AnimationWriter, Behind, Clip, FolderWriter, Frame, FrameFolder, OnBroken

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
            region.name: video.mask_track(region.mask.path, self.report.note)
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

    def frames(self, start: Fraction | None, number: int, on_broken: OnBroken) -> Iterator[Frame]:
        """The clip's frames, as large as the result."""
        for frame in self.clip.frames(start, number, on_broken):
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
        SettingsError: a setting does not go with clips.
        PictureError: the clip, a mask or a style cannot be read.
        OutputError: the result cannot be written.
        Cancelled: the report asked for it; films go on from where they were.
    """
    start = time.monotonic()
    job = _checked(settings, report)
    painted, broken = paint_clip(job)
    seconds = time.monotonic() - start
    height, width = job.size
    rate = painted / max(seconds, 1e-9)
    return ToolResult(
        f"{job.output} ({painted} frames of {width} × {height} pixels, {seconds:.1f} seconds, "
        f"{rate:.1f} frames per second)",
        files=(job.output,),
        details={
            "width": width,
            "height": height,
            "frames": painted,
            "broken": broken,
            "seconds": round(seconds, 3),
            "recipe": job.recipe,
        },
    )


def paint_clip(job: Job) -> tuple[int, list[str]]:
    """Write the clip of a job: how many frames were painted now, and a sentence for each broken one.

    Raises:
        PictureError, OutputError, Cancelled: see :func:`stylize_clip`.
    """
    info, report = job.clip.info, job.report
    for note in info.notes:
        report.note(f"{info.name}: {note}")
    broken: list[str] = []

    def on_broken(sentence: str) -> None:
        broken.append(sentence)
        report.note(sentence)

    report.progress(0.0, "looking")
    painted = film.paint(job, on_broken) if job.kind == "film" else _paint_at_once(job, on_broken)
    return painted, broken


def _checked(settings: StylizeSettings, report: ProgressReporter) -> Job:
    """Refuse what cannot work before any work begins."""
    for name in ("sheet", "compare"):
        if name in settings.model_fields_set:
            raise SettingsError(f"--{name} is for pictures; leave it out for the clip {settings.content}.")
    stylizer = open_stylizer(settings)
    clip_plan = read_clip_plan(settings.style, settings.region, settings.leave, stylizer.names)
    clip = video.open_clip(settings.content, Fraction(settings.frame_rate).limit_denominator(1001))
    output = settings.output or default_output(settings.content, clip_plan.plan.label)
    kind = kind_of(output)
    if kind == "film":
        video.encoding_for(output, settings.codec, settings.quality)
    elif "codec" in settings.model_fields_set:
        raise SettingsError(f"--codec is for films, and {output} is none.")
    inputs = [clip_source(settings.content), *clip_plan.plan.sources]
    check_clip_output(output, kind, inputs, overwrite=settings.overwrite)
    _check_moments(settings, clip_plan, clip, report)  # also so that what is no clip is refused here
    painter = Painter(clip_plan.plan, settings, stylizer)
    return Job(settings, report, clip, output, kind, clip_plan, painter)


def _check_moments(
    settings: StylizeSettings, clip_plan: ClipPlan, clip: Clip, report: ProgressReporter
) -> None:
    """Say which styles the clip ends before, where its length is known."""
    seconds = clip.info.seconds
    for word, moment in zip(settings.style, clip_plan.moments, strict=True):
        if seconds is not None and moment > seconds:
            report.note(f"{word}: {settings.content} ends after {float(seconds):.1f} s, before that moment.")


def check_clip_output(output: Path, kind: Kind, inputs: Sequence[Source], *, overwrite: bool) -> None:
    """Refuse a result that could not be written, or that would destroy something.

    Raises:
        OutputError: the folder is missing or not empty, the file there or an input.
    """
    if kind == "folder":
        folder = FolderWriter.pattern_of(output).parent
        if folder.exists() and any(folder.iterdir()) and not overwrite:
            raise OutputError(f"The folder {folder} has files in it; choose another, or add --overwrite.")
        check_not_input(folder, inputs)
        return
    check_writable_folder(output.parent)
    check_not_input(output, inputs)
    if output.exists() and not overwrite:
        raise OutputError(f"{output} already exists; choose another name, or add --overwrite to replace it.")


def _paint_at_once(job: Job, on_broken: OnBroken) -> int:
    """Animations, which appear whole at the end, and folders, whose frames appear one by one."""
    info = replace(job.clip.info, height=job.size[0], width=job.size[1])
    writer: Writer
    if job.kind == "animation":
        writer = AnimationWriter(job.output, info, job.settings.quality)
    else:
        first = job.clip.first_number if isinstance(job.clip, FrameFolder) else 0
        writer = FolderWriter(job.output, first, job.settings.quality)
    stylizer, teller = job.stylizer(), job.teller()
    try:
        with Behind[Raw](lambda raw: writer.write(stylizer.settle(raw))) as behind:
            for raw in stylizer.overlapped(job.frames(None, 0, on_broken)):
                behind.put(raw)
                teller.frame(raw.ready.frame.number, raw.pixels)
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


def _bytes(picture: Any) -> video.Bytes:
    import torch

    rounded = picture[0].permute(1, 2, 0).clamp(0, 1).mul(255).round_()
    return rounded.to(torch.uint8).contiguous().numpy()
