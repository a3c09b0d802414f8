"""Whether a content is a video, and in which form the result is written. Importing this never loads torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from bottega.errors import OutputError, SettingsError
from bottega.picture_formats import SUFFIXES, VIDEO_SUFFIXES, is_animated
from bottega.tools.stylize.settings import StylizeSettings, VideoSettings

OutputKind = Literal["video", "animation", "folder"]

VIDEO_OUTPUT_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".m4v")
ANIMATION_SUFFIXES = (".gif", ".webp", ".png", ".apng")
MOVING_SUFFIXES = frozenset({*VIDEO_OUTPUT_SUFFIXES, ".gif", ".apng"})
"""Outputs that always move; .png and .webp may also be still pictures."""


def is_video(settings: StylizeSettings) -> bool:
    """Whether the content is stylized as a video.

    Video files always are. A folder is with ``--frames``, or if the output is a video file, an animation or
    numbered frames (``out/%05d.png``). An animation is, unless the output is a picture of another format,
    which then shows its first frame.

    Raises:
        SettingsError: the content is a picture and a setting is for videos.
    """
    content = settings.content
    if has_frames(content, settings.output, settings.frames):
        return True
    for name in sorted(settings.model_fields_set & VideoSettings.model_fields.keys()):
        raise SettingsError(f"--{name.replace('_', '-')} is for videos, and {content} is not a video.")
    for name in sorted(settings.model_fields_set & {"preview", "preview_every"}):
        if settings.method != "optimize":
            raise SettingsError(
                f"--{name.replace('_', '-')} is for videos and the method optimize; {settings.method} "
                f"stylizes {content} at once."
            )
    return False


def has_frames(content: Path, output: Path | None, frames: bool) -> bool:
    """Whether the paths, and the option ``--frames``, mean a video; see :func:`is_video`."""
    suffix = content.suffix.lower()
    output_suffix = None if output is None else output.suffix.lower()
    if content.is_dir():
        return frames or output_suffix in MOVING_SUFFIXES or (output is not None and "%" in output.name)
    if suffix not in ANIMATION_SUFFIXES:
        return suffix in VIDEO_SUFFIXES
    if output_suffix in SUFFIXES and output_suffix not in MOVING_SUFFIXES and output_suffix != suffix:
        return False
    return is_animated(content)


def output_kind(output: Path) -> OutputKind:
    """In which form a video is written under a name.

    Raises:
        OutputError: in none.
    """
    suffix = output.suffix.lower()
    if suffix in VIDEO_OUTPUT_SUFFIXES:
        return "video"
    if output.is_dir() or suffix == "" or "%" in output.name:
        return "folder"
    if suffix in ANIMATION_SUFFIXES:
        return "animation"
    raise OutputError(
        f"{output}: a video is written as a video file ({', '.join(VIDEO_OUTPUT_SUFFIXES)}), an animation "
        f"({', '.join(ANIMATION_SUFFIXES)}) or a folder of frames (out/ or out/%05d.png)."
    )


def default_output(content: Path, style: str) -> Path:
    """``<content>-<style>`` in the current folder, with the content's suffix if it can be written."""
    suffix = content.suffix.lower()
    if content.is_dir():
        suffix = ""
    elif suffix not in (*VIDEO_OUTPUT_SUFFIXES, *ANIMATION_SUFFIXES):
        suffix = ".mp4"
    return Path(f"{content.stem}-{style}{suffix}")
