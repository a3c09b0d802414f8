"""Clips in one pass: frame after frame, calm in time, with styles and masks that may change."""

from bottega.transfer.video.region_schedule import Direction, Part, Timeline, gathered
from bottega.transfer.video.stream_state import Memory
from bottega.transfer.video.stylizer import ClipStylizer, Raw, Ready

__all__ = ["ClipStylizer", "Direction", "Memory", "Part", "Raw", "Ready", "Timeline", "gathered"]
