"""Clips in and out: films, folders of frames and animations, as frames of sRGB bytes with exact times.

>>> from pathlib import Path
>>> from bottega import video
>>> clip = video.open_clip(Path("walk.mp4"))
>>> clip.info.width, clip.info.rate
(640, Fraction(25, 1))
>>> for frame in video.ahead(clip.frames()):
...     frame.pixels  # (H, W, 3) uint8
"""

from bottega.video.animation import Animation, AnimationWriter, is_animated
from bottega.video.clip import Bytes, Clip, ClipInfo, Frame, OnBroken
from bottega.video.encoder import SEGMENT_SUFFIX, SegmentWriter, on_white
from bottega.video.encoding import CODECS, Encoding, encoding_for
from bottega.video.frame_folder import FolderWriter, FrameFolder
from bottega.video.mask_track import Mask, MaskTrack, mask_track
from bottega.video.mux import join, read_recipe
from bottega.video.open_clip import open_clip
from bottega.video.prefetch import Behind, ahead, side_by_side
from bottega.video.video_file import FILM_SUFFIXES, Film

__all__ = [
    "CODECS",
    "FILM_SUFFIXES",
    "SEGMENT_SUFFIX",
    "Animation",
    "AnimationWriter",
    "Behind",
    "Bytes",
    "Clip",
    "ClipInfo",
    "Encoding",
    "Film",
    "FolderWriter",
    "Frame",
    "FrameFolder",
    "Mask",
    "MaskTrack",
    "OnBroken",
    "SegmentWriter",
    "ahead",
    "encoding_for",
    "is_animated",
    "join",
    "mask_track",
    "on_white",
    "open_clip",
    "read_recipe",
    "side_by_side",
]
