"""Training without a model: loop, data, augmentation, checkpoints."""

from bottega.training.checkpoint import load_checkpoint, save_checkpoint
from bottega.training.data import PictureSet, load_pictures
from bottega.training.loop import Average, Loop, Schedule

__all__ = [
    "Average",
    "Loop",
    "PictureSet",
    "Schedule",
    "load_checkpoint",
    "load_pictures",
    "save_checkpoint",
]
