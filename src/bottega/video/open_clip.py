"""Which kind of clip a path is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from bottega.video.animation import Animation, is_animated
from bottega.video.clip import Clip
from bottega.video.frame_folder import FrameFolder
from bottega.video.video_file import USUAL_RATE, Film


def open_clip(path: Path, rate: Fraction = USUAL_RATE) -> Clip:
    """A folder of frames, an animation, or a film.

    Args:
        rate: frames per second of a folder; the others know theirs.

    Raises:
        PictureError: it cannot be read.
    """
    if path.is_dir():
        return FrameFolder(path, rate)
    if is_animated(path):
        return Animation(path)
    return Film(path)
