"""The content photographs of a training, and the trainer of a task on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils import convert_conv2d_weight_memory_format

from bottega import pictures
from bottega.encoders import Encoder
from bottega.training import (
    BatchLoader,
    Callback,
    CropTransform,
    PictureSet,
    ProcessContext,
    Step,
    TimeBudgetSchedule,
    Trainer,
    Trapezoid,
    Validation,
    build_optimizer,
    find_pictures,
    hold_out,
    load_pictures,
    process_context,
)
from bottega.training.augment import center_square
from bottega.transfer.training.losses import StyleFeatures, StylizationLoss
from bottega.transfer.training.settings import FitSettings
from bottega.transfer.training.tasks import TrainingTask

SHORT_SIDE_PIXELS = 384
"""To which the shorter side of photographs is reduced."""
SAMPLE_LONG_SIDE_PIXELS = 576
MIN_FILES_TO_HOLD_OUT = 20
VALIDATION_PICTURES = 4

VALIDATION_INTERVAL_STEPS = 100
WARMUP_STEPS = 50
COOLDOWN_SHARE = 0.4
EMA_DECAY = 0.995
"""Shorter than usual: these trainings have a few hundred to a few thousand steps."""
CHECKPOINT_INTERVAL_SECONDS = 30.0


@dataclass(frozen=True)
class ContentPhotos:
    """The content pictures of a training.

    Attributes:
        training: pictures from which crops are cut.
        held_out: pictures for validation; the same where there are few.
        from_user: False for the two sample photographs.
    """

    training: PictureSet
    held_out: PictureSet
    from_user: bool

    def sha256(self) -> str:
        """Hash of the content of all photographs of the user; empty for the sample photographs."""
        return f"{self.training.sha256()} {self.held_out.sha256()}" if self.from_user else ""

    def crop_transform(self, size: int) -> CropTransform:
        """Random crops; of the two samples with much stronger augmentation."""
        if self.from_user:
            return CropTransform(size=size, scale=(1.0, 2.4))
        return CropTransform(size=size, scale=(0.5, 2.4), rotation=15.0, color=0.6)

    def validation_crops(self, size: int) -> Tensor:
        """Center crops of the first few held-out pictures, ``(N, 3, size, size)``."""
        count = min(VALIDATION_PICTURES, len(self.held_out))
        return torch.stack([center_square(self.held_out.get_readable(index), size) for index in range(count)])


def load_content_photos(
    folder: Path | None = None, on_progress: Callable[[int, int], None] | None = None
) -> ContentPhotos:
    """All pictures in a folder and its subfolders; without a folder, the two sample photographs.

    Raises:
        PictureError: the folder does not exist, or has no readable picture.
    """
    if folder is None:
        names = pictures.PHOTOGRAPHS
        photos = [pictures.fit(pictures.photograph(n).pixels, SAMPLE_LONG_SIDE_PIXELS)[0] for n in names]
        samples = PictureSet(
            [(photo * 255).round().to(torch.uint8) for photo in photos], [Path(name) for name in names]
        )
        return ContentPhotos(samples, samples, from_user=False)
    files = find_pictures(folder)
    training, held_out = hold_out(files) if len(files) >= MIN_FILES_TO_HOLD_OUT else (files, [])
    if not (training and held_out):
        training, held_out = files, []
    loaded = load_pictures(training, SHORT_SIDE_PIXELS, on_progress=on_progress)
    if not held_out:
        return ContentPhotos(loaded, loaded, from_user=True)
    validation = load_pictures(held_out[:VALIDATION_PICTURES], SHORT_SIDE_PIXELS)
    return ContentPhotos(loaded, validation, from_user=True)


def build_trainer(
    settings: FitSettings,
    task: TrainingTask,
    encoder: Encoder,
    photos: ContentPhotos,
    run_dir: Path,
    callbacks: Sequence[Callback] = (),
    context: ProcessContext | None = None,
) -> Trainer:
    """A trainer of ``task``, ready to start or to resume; it ends when ``settings.minutes`` are over.

    Args:
        settings: of the losses and the length.
        task: network and styles.
        encoder: of the losses, frozen.
        photos: content pictures.
        run_dir: folder for checkpoints and metrics.
        callbacks: of the trainer.
        context: device and precision; ``None`` is the best available.
    """
    context = context or process_context()
    network = task.network.to(context.device)
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    loss = StylizationLoss(settings, encoder.to(context.device))
    style_features = StyleFeatures(encoder, [style.to(context.device) for style in task.styles])
    loader = BatchLoader(photos.training, settings.batch, photos.crop_transform(settings.size), settings.seed)
    validation_crops = photos.validation_crops(settings.size).to(context.device)

    def compute_losses(contents: Tensor, indices: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        with context.autocast():
            output = task.stylize(contents, indices.to(context.device))
            return loss(output, task.content_target(contents), style_features.select(indices), generator)

    def train_step(step: Step) -> dict[str, Tensor]:
        contents = loader(step)
        indices = torch.randint(style_features.count, (len(contents),), generator=step.generator)
        losses = compute_losses(contents, indices, step.generator)
        step.update(losses["loss"])
        return losses

    def validate() -> dict[str, float]:
        """On the same crops each time, in as many styles as there are crops."""
        indices = torch.arange(len(validation_crops)) % style_features.count
        losses = compute_losses(validation_crops, indices, torch.Generator().manual_seed(0))
        return {name: float(value) for name, value in losses.items()}

    if settings.steps:
        warmup = min(WARMUP_STEPS, settings.steps)
        schedule: TimeBudgetSchedule | Trapezoid = Trapezoid(settings.steps, warmup, COOLDOWN_SHARE)
    else:
        schedule = TimeBudgetSchedule(60 * settings.minutes, WARMUP_STEPS, COOLDOWN_SHARE)
    return Trainer(
        network,
        build_optimizer("adam", task.parameters, settings.rate),
        train_step,
        schedule,
        run_dir,
        seed=settings.seed,
        callbacks=callbacks,
        validation=Validation(validate, VALIDATION_INTERVAL_STEPS),
        context=context,
        ema_decay=EMA_DECAY,
        save_every=CHECKPOINT_INTERVAL_SECONDS,
    )


def load_best_weights(trainer: Trainer) -> dict[str, float]:
    """Load the averaged weights of the best validation (the present ones without any) into the network.

    Returns:
        ``"step"``, and ``"loss"`` of that validation if there was one.
    """
    average, metrics = trainer.best_weights()
    if "loss" in metrics:
        metrics["loss"] = round(metrics["loss"], 4)
    trainer.module.load_state_dict(average)
    trainer.module.eval().requires_grad_(False)
    return metrics
