"""Whether a content is a clip, and what kind of clip the output is; by names, so without torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bottega.errors import OutputError, SettingsError
from bottega.tools.stylize.video.settings import CLIP_SETTINGS
from bottega.tools.stylize.video.style_spec import split_moment

if TYPE_CHECKING:
    from bottega.tools.stylize.tool import StylizeSettings

Kind = Literal["film", "animation", "folder"]

FILMS_IN = frozenset(
    f".{suffix}"
    for suffix in (
        *("mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "mts", "m2ts"),
        *("wmv", "flv", "ogv", "3gp", "mxf", "nut"),
    )
)
FILMS_OUT = (".mp4", ".mov", ".mkv", ".webm", ".m4v")
ANIMATIONS = (".gif", ".webp", ".png", ".apng")
MOVING = frozenset({*FILMS_OUT, ".gif", ".apng"})
"""What an output called so is in any case; .png and .webp may also be pictures that stand still."""


def is_clip(settings: StylizeSettings) -> bool:
    """Whether the content is to be painted as a clip.

    Films always are. A folder is one with ``--frames``, or where a film, an animation or numbered frames
    (``out/%05d.png``) are to be written. An
    animation is one unless the output is a picture of another format, which shows its first frame.

    Raises:
        SettingsError: a setting for clips was given with a picture.
    """
    if _is_clip(settings.content, settings.output, settings.frames):
        return True
    for name in sorted(CLIP_SETTINGS & settings.model_fields_set):
        raise SettingsError(f"--{name.replace('_', '-')} is for clips, and {settings.content} is none.")
    previews = {"preview", "preview_every"} & settings.model_fields_set
    if previews and settings.method != "optimize":
        raise SettingsError(
            f"--{min(previews).replace('_', '-')} is for clips and the method optimize; {settings.method} "
            f"paints {settings.content} in one pass."
        )
    for word in settings.style:
        if split_moment(word)[1] is not None:
            raise SettingsError(
                f'"{word}" says when a style begins, which is for clips, and {settings.content} is none.'
            )
    return False


def _is_clip(content: Path, output: Path | None, frames: bool) -> bool:
    suffix = content.suffix.lower()
    wanted = None if output is None else output.suffix.lower()
    if content.is_dir():
        return frames or wanted in MOVING or (output is not None and "%" in output.name)
    if suffix in FILMS_IN:
        return True
    if suffix not in ANIMATIONS:
        return False
    from bottega.pictures.formats import SUFFIXES
    from bottega.video import is_animated

    if wanted in SUFFIXES and wanted not in MOVING and wanted != suffix:
        return False
    return is_animated(content)


def kind_of(output: Path) -> Kind:
    """What is written under a name.

    Raises:
        OutputError: neither a film, an animation nor a folder.
    """
    suffix = output.suffix.lower()
    if suffix in FILMS_OUT:
        return "film"
    if output.is_dir() or suffix == "" or "%" in output.name:
        return "folder"
    if suffix in ANIMATIONS:
        return "animation"
    raise OutputError(
        f"{output}: a clip is written as a film ({', '.join(FILMS_OUT)}), an animation "
        f"({', '.join(ANIMATIONS)}) or a folder of frames (out/ or out/%05d.png)."
    )


def default_output(content: Path, style: str) -> Path:
    """``<content>-<style>`` with the content's own suffix where it can be written, in this folder."""
    suffix = content.suffix.lower()
    if content.is_dir():
        suffix = ""
    elif suffix not in (*FILMS_OUT, *ANIMATIONS):
        suffix = ".mp4"
    return Path(f"{content.stem}-{style}{suffix}")
