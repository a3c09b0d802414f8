"""Clips in and out: video files, folders of frames and animations, as sRGB frames with exact times.

>>> from pathlib import Path
>>> from bottega import video
>>> clip = video.open_clip(Path("walk.mp4"))
>>> clip.info.width, clip.info.frame_rate
(640, Fraction(25, 1))
>>> for frame in video.prefetch(clip.frames()):
...     frame.pixels  # (H, W, 3) uint8
"""

from bottega.picture_formats import VIDEO_SUFFIXES, is_animated
from bottega.video.animation import Animation, AnimationWriter
from bottega.video.clip import Clip, ClipInfo, Frame, OnMessage, UInt8Array
from bottega.video.encoding import (
    CODECS,
    SEGMENT_SUFFIX,
    Encoding,
    SegmentWriter,
    choose_encoding,
    composite_on_white,
)
from bottega.video.frame_folder import FrameFolder, FrameFolderWriter
from bottega.video.mux import mux, read_recipe
from bottega.video.open_clip import Mask, MaskTrack, open_clip, open_mask_track
from bottega.video.prefetch import BackgroundConsumer, ordered_map, prefetch
from bottega.video.tracks import SourceTracks, Track, plan_tracks
from bottega.video.video_file import VideoFile

__all__ = [
    "CODECS",
    "SEGMENT_SUFFIX",
    "VIDEO_SUFFIXES",
    "Animation",
    "AnimationWriter",
    "BackgroundConsumer",
    "Clip",
    "ClipInfo",
    "Encoding",
    "Frame",
    "FrameFolder",
    "FrameFolderWriter",
    "Mask",
    "MaskTrack",
    "OnMessage",
    "SegmentWriter",
    "SourceTracks",
    "Track",
    "UInt8Array",
    "VideoFile",
    "choose_encoding",
    "composite_on_white",
    "is_animated",
    "mux",
    "open_clip",
    "open_mask_track",
    "ordered_map",
    "plan_tracks",
    "prefetch",
    "read_recipe",
]
