"""Training without a model: loop, optimisers, data, augmentation, checkpoints.

>>> loop = Loop(network, optimizer("adamw", network.parameters(), 1e-3), step, Cosine(4000), run)
>>> loop.resume()
>>> loop.train(minutes=20)
"""

from bottega.training.batches import Batches, View
from bottega.training.callbacks import Callback, Console, duration
from bottega.training.checkpoint import load_checkpoint, save_checkpoint
from bottega.training.data import PictureSet, load_pictures
from bottega.training.ema import EMA
from bottega.training.folders import find_pictures, hold_out
from bottega.training.groups import Rule, freeze, parameter_groups
from bottega.training.loop import ENDINGS, Loop
from bottega.training.optimizers import OPTIMIZERS, optimizer
from bottega.training.same import check_same
from bottega.training.samples import Samples
from bottega.training.schedules import SCHEDULES, Constant, Cosine, Schedule, Trapezoid, schedule
from bottega.training.step import Step, StepFunction
from bottega.training.tensorboard import TensorBoard
from bottega.training.timed import Timed
from bottega.training.validation import Validation
from bottega.training.workers import Worker, worker

__all__ = [
    "EMA",
    "ENDINGS",
    "OPTIMIZERS",
    "SCHEDULES",
    "Batches",
    "Callback",
    "Console",
    "Constant",
    "Cosine",
    "Loop",
    "PictureSet",
    "Rule",
    "Samples",
    "Schedule",
    "Step",
    "StepFunction",
    "TensorBoard",
    "Timed",
    "Trapezoid",
    "Validation",
    "View",
    "Worker",
    "check_same",
    "duration",
    "find_pictures",
    "freeze",
    "hold_out",
    "load_checkpoint",
    "load_pictures",
    "optimizer",
    "parameter_groups",
    "save_checkpoint",
    "schedule",
    "worker",
]
