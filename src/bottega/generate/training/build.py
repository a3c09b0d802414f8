"""Put pictures, networks, losses and loop together; take the best generator out again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from bottega import encoders
from bottega.generate.discriminators.dcgan import ConvDiscriminator
from bottega.generate.discriminators.multiscale import PyramidDiscriminator
from bottega.generate.discriminators.projected import ProjectedDiscriminator, Projector
from bottega.generate.discriminators.residual import ResidualDiscriminator
from bottega.generate.models.generator import Generator
from bottega.generate.models.registry import load
from bottega.generate.models.vae import VAE
from bottega.generate.settings import GanSettings
from bottega.generate.training.dataset import ConditionedBatches, Material
from bottega.generate.training.diff_augment import Augmentation
from bottega.generate.training.finetune import build_generator, learning_groups, take_over
from bottega.generate.training.gan_metrics import Alarms, Measure
from bottega.generate.training.gan_step import AutoEncoding, Game
from bottega.generate.training.progressive import Growth, NotYet
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

BETAS = (0.0, 0.99)
"""Of Adam: without momentum, which two players that answer each other would carry too far."""
WARMUP = 50
EMA_DECAY = 0.998
SAMPLES = 8
"""Rows and columns of a sheet of samples; with classes a row, or several, for each."""
SHEET_SIDE = 128
"""SampleSheets smaller than this are shown enlarged to it."""


def prepare(
    settings: GanSettings,
    material: Material,
    run: Path,
    callbacks: Sequence[Callback] = (),
    here: ProcessContext | None = None,
    tell: Callable[[str], None] = print,
    generator: Generator | None = None,
) -> Trainer:
    """A training, ready to start or to resume.

    Args:
        settings: of networks, losses and length.
        material: what is learned.
        run: folder for checkpoints, metrics and sheets of samples.
        callbacks: further ones.
        here: where to compute; none takes the best there is.
        tell: called with the sentence of an alarm.
        generator: to be trained in place of the one that the settings name; the other player is theirs.

    Raises:
        SettingsError: settings that do not fit together or the pictures.
        WeightsError: the encoder or the generator to start from is not here, or does not fit.
    """
    settings.check()
    here = here or process_context()
    generator = generator or build_generator(settings, material.classes, material.attributes)
    base = load(settings.base).requires_grad_(True) if settings.base else None
    taken = [] if base is None else take_over(generator, base)
    groups = learning_groups(generator, settings, taken)
    batches = ConditionedBatches(material, settings.batch, view_of(settings), settings.seed)
    kind = settings.optimizer
    options = {} if kind == "rmsprop" else {"betas": BETAS}
    optimizers = {"generator": build_optimizer(kind, groups, settings.rates[0], **options)}
    timed = TimeBudgetSchedule(60 * settings.minutes, WARMUP)
    drawn = 0 if base is None else min(base.size, settings.size)
    growth = Growth(
        [side for side in generator.sides if side >= drawn], settings.grow, _progress(settings, timed)
    )
    module, step = _players(settings, generator, batches, growth)
    if "discriminator" in module:
        learned = [weights for weights in module["discriminator"].parameters() if weights.requires_grad]
        optimizers["discriminator"] = build_optimizer(
            kind, learned, settings.rates[1], weight_decay=settings.weight_decay, **options
        )
    _place(module, here)
    watching = encoders.load_encoder(settings.encoder).to(here.device)
    measure = Measure(generator, material, watching, here, settings.measured)
    loop = Trainer(
        module,
        optimizers,
        step,
        _schedule(settings, timed),
        run,
        seed=settings.seed,
        validation=Validation(measure, settings.validate_every, "fid", patience=settings.patience),
        context=here,
        ema_decay=EMA_DECAY,
    )
    samples = SampleSheets(sample_drawer(generator, here), settings.validate_every, columns=SAMPLES)
    loop.callbacks = (samples, Alarms(tell, measure.twins), NotYet(growth), *callbacks)
    return loop


def view_of(settings: GanSettings) -> CropTransform:
    """How training pictures are cut, mirrored, turned and recoloured."""
    return CropTransform(
        settings.size, (1.0, 1.0 + settings.crop), settings.flip, settings.rotation, settings.recolor
    )


def best_generator(loop: Trainer) -> tuple[Generator, dict[str, float]]:
    """The generator with the averaged weights of the best validation, or of now where there was none.

    Returns:
        It, in evaluation mode on the processor, and ``"step"`` and (where there was a validation) ``"fid"``.
    """
    generator = loop.module.get_submodule("generator")
    assert isinstance(generator, Generator)
    average, found = loop.best_weights()
    return _with(generator, average), found


def last_generator(loop: Trainer) -> Generator:
    """A copy of the generator with the averaged weights of now, best or not: what a training goes on from.

    The measure of validations wavers in the first few hundred steps; what is where is learned all the while.
    """
    generator = loop.module.get_submodule("generator")
    assert isinstance(generator, Generator)
    return _with(copy.deepcopy(generator), loop.ema.state)


def _with(generator: Generator, average: Mapping[str, Tensor]) -> Generator:
    mark = "generator."
    own = {name.removeprefix(mark): x for name, x in average.items() if name.startswith(mark)}
    generator.load_state_dict(own)
    return generator.eval().requires_grad_(False).to("cpu")


def sample_drawer(generator: Generator, here: ProcessContext) -> Callable[[torch.Generator], Tensor]:
    """Draws a square of samples: rows of classes where there are such, else whatever comes."""

    def draw(source: torch.Generator) -> Tensor:
        count = SAMPLES**2
        noise = torch.randn(count, generator.latent, generator=source)
        condition = generator.condition_of(None, count, source)
        if condition is not None and generator.classes:
            rows = torch.arange(count) * len(generator.classes) // count
            condition[:, : len(generator.classes)] = torch.eye(len(generator.classes))[rows]
        with here.autocast():
            drawn = generator(noise.to(here.device), None if condition is None else condition.to(here.device))
        times = max(1, SHEET_SIDE // generator.size)
        return drawn.repeat_interleave(times, 2).repeat_interleave(times, 3)

    return draw


def _players(
    settings: GanSettings, generator: Generator, batches: ConditionedBatches, growth: Growth
) -> tuple[nn.ModuleDict, StepFunction]:
    if isinstance(generator, VAE):
        return nn.ModuleDict({"generator": generator}), AutoEncoding(generator, batches, settings.beta)
    networks = nn.ModuleDict(
        {
            "generator": generator,
            "discriminator": build_discriminator(settings, generator),
            "augmentation": Augmentation(
                settings.augment, settings.augment_probability, settings.augment_span
            ),
            "growth": growth,
        }
    )
    loss = adversarial_loss(settings.loss)
    return networks, Game(networks, batches, loss, settings.r1, settings.r1_every)


def build_discriminator(settings: GanSettings, generator: Generator) -> nn.Module:
    """The other player, with random weights."""
    if settings.network == "fewshot":
        sides, conditions = generator.sides, generator.conditions
        if not settings.projector:
            residual = {side: ResidualDiscriminator(side, settings.width, conditions) for side in sides}
            return PyramidDiscriminator(residual)
        projector = Projector(encoders.load_encoder(settings.projector), seed=settings.seed)
        return PyramidDiscriminator(
            {side: ProjectedDiscriminator(projector, side, conditions) for side in sides}
        )
    return ConvDiscriminator(
        settings.size, settings.width, generator.conditions, settings.dropout, norm=settings.r1 == 0
    )


def _schedule(settings: GanSettings, timed: TimeBudgetSchedule) -> Schedule:
    if not settings.steps:
        return timed
    return build_schedule(settings.schedule, settings.steps, warmup=min(WARMUP, settings.steps))


def _progress(settings: GanSettings, timed: TimeBudgetSchedule) -> Callable[[int], float]:
    """Share of the training that is done, in [0, 1]."""
    if settings.steps:
        return lambda step: step / settings.steps
    return lambda step: timed.elapsed / timed.seconds


def _place(module: nn.ModuleDict, here: ProcessContext) -> None:
    """Everything to its device, convolutions in the layout that is quick there."""
    module.to(here.device)
    convert_conv2d_weight_memory_format(module, torch.channels_last)
    for part in module.modules():
        if isinstance(part, Projector):
            convert_conv2d_weight_memory_format(part.encoder.to(here.device), torch.channels_last)
