"""Assemble pictures, networks, losses and trainer; extract the trained generator."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from bottega import encoders
from bottega.generation.discriminators.base import Discriminator
from bottega.generation.discriminators.dcgan import ConvDiscriminator
from bottega.generation.discriminators.multiscale import MultiscaleDiscriminator
from bottega.generation.discriminators.projected import ProjectedDiscriminator, Projector
from bottega.generation.discriminators.residual import ResidualDiscriminator
from bottega.generation.models.generator import Generator
from bottega.generation.models.registry import load
from bottega.generation.models.vae import VAE
from bottega.generation.settings import GanSettings
from bottega.generation.training.dataset import ConditionedBatches, ImageDataset
from bottega.generation.training.diff_augment import DiffAugment
from bottega.generation.training.finetune import build_generator, load_matching_weights, trainable_groups
from bottega.generation.training.gan_metrics import CollapseMonitor, GanMetrics
from bottega.generation.training.gan_step import GanStep, VaeStep
from bottega.generation.training.progressive import ProgressiveSchedule, SkipEarlyValidation
from bottega.generation.training.step_budget import StepBudgetWarning
from bottega.losses.adversarial import adversarial_loss
from bottega.training import (
    Callback,
    CropTransform,
    ProcessContext,
    SampleSheets,
    Schedule,
    StepFunction,
    TimeBudgetSchedule,
    Trainer,
    Validation,
    build_optimizer,
    build_schedule,
    process_context,
)

ADAM_BETAS = (0.0, 0.99)
"""Without momentum, which lets two adversarial networks overshoot."""
WARMUP_STEPS = 50
EMA_DECAY = 0.998
SHEET_SIZE = 8
"""Rows and columns of a sheet of samples; with classes, one or several rows for each."""
MIN_SHEET_SIDE = 128
"""Smaller samples are enlarged to this side."""


def build_trainer(
    settings: GanSettings,
    dataset: ImageDataset,
    run_dir: Path,
    callbacks: Sequence[Callback] = (),
    context: ProcessContext | None = None,
    warn: Callable[[str], None] = print,
    generator: Generator | None = None,
) -> Trainer:
    """A training, ready to start or to resume.

    Args:
        settings: of networks, losses and length.
        dataset: training pictures.
        run_dir: folder for checkpoints, metrics and sheets of samples.
        callbacks: additional ones.
        context: where to compute; None uses the best device.
        warn: called with a message about mode collapse, copying, or too little time.
        generator: trained instead of the one that the settings describe.

    Raises:
        SettingsError: settings that contradict each other or do not fit the pictures.
        WeightsError: the encoder or the generator to start from is missing, or does not match.
    """
    settings.check()
    context = context or process_context()
    generator = generator or build_generator(
        settings, dataset.classes, dataset.attributes, dataset.class_weights
    )
    base = load(settings.base).requires_grad_(True) if settings.base else None
    pretrained = [] if base is None else load_matching_weights(generator, base)
    batches = ConditionedBatches(dataset, settings.batch, crop_transform(settings), settings.seed)
    schedule, progress = _build_schedule(settings)

    options = {} if settings.optimizer == "rmsprop" else {"betas": ADAM_BETAS}
    groups = trainable_groups(generator, settings, pretrained)
    optimizers = {"generator": build_optimizer(settings.optimizer, groups, settings.rates[0], **options)}
    start_side = 0 if base is None else min(base.size, settings.size)
    sides = [side for side in generator.sides if side >= start_side]
    progressive = ProgressiveSchedule(sides, settings.grow, progress)
    networks, train_step = _build_networks(settings, generator, batches, progressive)
    if "discriminator" in networks:
        parameters = [p for p in networks["discriminator"].parameters() if p.requires_grad]
        optimizers["discriminator"] = build_optimizer(
            settings.optimizer, parameters, settings.rates[1], weight_decay=settings.weight_decay, **options
        )
    _move_to_device(networks, context)

    encoder = encoders.load_encoder(settings.encoder).to(context.device)
    metrics = GanMetrics(generator, dataset, encoder, context, settings.validation_samples)
    trainer = Trainer(
        networks,
        optimizers,
        train_step,
        schedule,
        run_dir,
        seed=settings.seed,
        validation=Validation(metrics, settings.validate_every, "fid", patience=settings.patience),
        context=context,
        ema_decay=EMA_DECAY,
    )
    samples = SampleSheets(sample_grid(generator, context), settings.validate_every, columns=SHEET_SIZE)
    monitor = CollapseMonitor(warn, metrics.real_duplicates)
    budget = StepBudgetWarning(warn, len(dataset.pictures), settings.batch)
    trainer.callbacks = (samples, monitor, budget, SkipEarlyValidation(progressive), *callbacks)
    return trainer


def crop_transform(settings: GanSettings) -> CropTransform:
    """How training pictures are cropped, mirrored, rotated and recolored."""
    scale = (1.0, 1.0 + settings.crop)
    return CropTransform(settings.size, scale, settings.flip, settings.rotation, settings.recolor)


def _build_schedule(settings: GanSettings) -> tuple[Schedule, Callable[[int], float]]:
    """The learning-rate schedule, and a function from a step to the share of the training done before it."""
    if settings.steps:
        schedule = build_schedule(settings.schedule, settings.steps, min(WARMUP_STEPS, settings.steps))
        return schedule, lambda step: step / settings.steps
    by_time = TimeBudgetSchedule(60 * settings.minutes, WARMUP_STEPS)
    return by_time, lambda step: by_time.elapsed / by_time.seconds


def _build_networks(
    settings: GanSettings,
    generator: Generator,
    batches: ConditionedBatches,
    progressive: ProgressiveSchedule,
) -> tuple[nn.ModuleDict, StepFunction]:
    if isinstance(generator, VAE):
        return nn.ModuleDict({"generator": generator}), VaeStep(generator, batches, settings.beta)
    networks = nn.ModuleDict(
        {
            "generator": generator,
            "discriminator": build_discriminator(settings, generator),
            "augment": DiffAugment(settings.augment, settings.augment_probability, settings.augment_span),
            "progressive": progressive,
        }
    )
    loss = adversarial_loss(settings.loss)
    return networks, GanStep(networks, batches, loss, settings.r1, settings.r1_every)


def build_discriminator(settings: GanSettings, generator: Generator) -> Discriminator:
    """The discriminator for a generator, with random weights."""
    condition_dim = generator.condition_dim
    if settings.network != "fewshot":
        no_r1 = settings.r1 == 0
        return ConvDiscriminator(settings.size, settings.width, condition_dim, settings.dropout, norm=no_r1)
    if not settings.projector:
        return MultiscaleDiscriminator(
            {side: ResidualDiscriminator(side, settings.width, condition_dim) for side in generator.sides}
        )
    projector = Projector(encoders.load_encoder(settings.projector), seed=settings.seed)
    return MultiscaleDiscriminator(
        {side: ProjectedDiscriminator(projector, side, condition_dim) for side in generator.sides}
    )


def _move_to_device(networks: nn.ModuleDict, context: ProcessContext) -> None:
    """Everything to its device, convolutions in channels-last layout, which is faster."""
    networks.to(context.device)
    convert_conv2d_weight_memory_format(networks, torch.channels_last)
    for module in networks.modules():
        if isinstance(module, Projector):
            convert_conv2d_weight_memory_format(module.encoder.to(context.device), torch.channels_last)


def sample_grid(generator: Generator, context: ProcessContext) -> Callable[[torch.Generator], Tensor]:
    """A function that generates 8 × 8 samples ``(64, 3, S, S)``, in rows of classes if there are any."""

    def draw(source: torch.Generator) -> Tensor:
        count = SHEET_SIZE**2
        noise = torch.randn(count, generator.latent, generator=source)
        condition = generator.sample_conditions(None, count, source)
        if condition is not None:
            if generator.classes:
                labels = torch.arange(count) * len(generator.classes) // count
                condition[:, : len(generator.classes)] = torch.eye(len(generator.classes))[labels]
            condition = condition.to(context.device)
        with context.autocast():
            pictures = generator(noise.to(context.device), condition)
        scale = max(1, MIN_SHEET_SIDE // generator.size)
        return pictures.repeat_interleave(scale, 2).repeat_interleave(scale, 3)

    return draw


def best_generator(trainer: Trainer) -> tuple[Generator, dict[str, float]]:
    """The generator with the averaged weights of the best validation, or the current weights.

    Returns:
        The generator, in evaluation mode on the CPU, and ``"step"`` and (after a validation) ``"fid"``.
    """
    weights, metrics = trainer.best_weights()
    return _load_weights(_generator_of(trainer), weights), metrics


def last_generator(trainer: Trainer) -> Generator:
    """A copy of the generator with the current averaged weights, best or not, to continue training from.

    Validations fluctuate in the first few hundred steps; composition is learned all the while.
    """
    return _load_weights(copy.deepcopy(_generator_of(trainer)), trainer.ema.state)


def _generator_of(trainer: Trainer) -> Generator:
    generator = trainer.module.get_submodule("generator")
    assert isinstance(generator, Generator)
    return generator


def _load_weights(generator: Generator, weights: Mapping[str, Tensor]) -> Generator:
    prefix = "generator."
    own = {name.removeprefix(prefix): x for name, x in weights.items() if name.startswith(prefix)}
    generator.load_state_dict(own)
    return generator.eval().requires_grad_(False).to("cpu")
