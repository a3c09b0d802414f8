"""Video in one pass: frame by frame, temporally stable, with styles and masks that may change."""

from __future__ import annotations

from bottega.transfer.video.region_schedule import RegionSchedule, RegionTrack, StyleTimeline
from bottega.transfer.video.stream_state import StreamState
from bottega.transfer.video.stylizer import PreparedFrame, StylizedFrame, VideoStylizer

__all__ = [
    "PreparedFrame",
    "RegionSchedule",
    "RegionTrack",
    "StreamState",
    "StyleTimeline",
    "StylizedFrame",
    "VideoStylizer",
]
