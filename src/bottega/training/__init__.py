"""Training without a model: trainer, optimizers, data, augmentation, checkpoints.

>>> optimizer = build_optimizer("adamw", network.parameters(), 1e-3)
>>> trainer = Trainer(network, optimizer, train_step, Cosine(4000), run_dir)
>>> trainer.resume()
>>> trainer.train(minutes=20)
"""

from bottega.training.callbacks import Console, SampleSheets, TensorBoard
from bottega.training.checkpoint import (
    SETTINGS_FILE,
    check_resume_inputs,
    check_resume_settings,
    load_checkpoint,
    save_checkpoint,
)
from bottega.training.data import (
    BatchLoader,
    CropTransform,
    PictureSet,
    find_pictures,
    hold_out,
    load_pictures,
)
from bottega.training.distributed import ProcessContext, process_context
from bottega.training.metrics_log import format_duration
from bottega.training.optimizers import (
    EMA,
    OPTIMIZERS,
    ParamGroupRule,
    build_optimizer,
    freeze,
    parameter_groups,
)
from bottega.training.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Schedule,
    TimeBudgetSchedule,
    Trapezoid,
    build_schedule,
)
from bottega.training.step import Step, StepFunction
from bottega.training.trainer import STOP_REASONS, Callback, Trainer
from bottega.training.validation import Validation

__all__ = [
    "EMA",
    "OPTIMIZERS",
    "SCHEDULES",
    "SETTINGS_FILE",
    "STOP_REASONS",
    "BatchLoader",
    "Callback",
    "Console",
    "Constant",
    "Cosine",
    "CropTransform",
    "ParamGroupRule",
    "PictureSet",
    "ProcessContext",
    "SampleSheets",
    "Schedule",
    "Step",
    "StepFunction",
    "TensorBoard",
    "TimeBudgetSchedule",
    "Trainer",
    "Trapezoid",
    "Validation",
    "build_optimizer",
    "build_schedule",
    "check_resume_inputs",
    "check_resume_settings",
    "find_pictures",
    "format_duration",
    "freeze",
    "hold_out",
    "load_checkpoint",
    "load_pictures",
    "parameter_groups",
    "process_context",
    "save_checkpoint",
]
