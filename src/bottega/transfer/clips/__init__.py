"""Clips in one pass: frame after frame, calm in time, with styles and masks that may change."""

from bottega.transfer.clips.direction import Direction, Part
from bottega.transfer.clips.memory import Memory
from bottega.transfer.clips.stylizer import ClipStylizer, Raw, Ready
from bottega.transfer.clips.timeline import Timeline, gathered

__all__ = ["ClipStylizer", "Direction", "Memory", "Part", "Raw", "Ready", "Timeline", "gathered"]
