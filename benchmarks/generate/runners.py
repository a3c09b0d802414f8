"""What the benchmark times: a step of training, the same step of the baseline, and sampling."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.generate.baseline import baseline_gan_step, baseline_vae_step
from bottega import generation
from bottega.generation.models.vae import VAE
from bottega.generation.training import GanSettings, ImageDataset, build_trainer
from bottega.generation.training.build_trainer import build_discriminator
from bottega.generation.training.diff_augment import DiffAugment
from bottega.generation.training.finetune import build_generator
from bottega.runtime import configure_malloc, peak_memory, set_threads
from bottega.training import PictureSet

CLASSES = tuple("abcdefgh")
WARMUP_STEPS = 2
BATCH_SIZE = 16


def random_dataset(size: int, count: int = 64) -> ImageDataset:
    """Random pictures in memory: the timing does not depend on their content."""
    source = torch.Generator().manual_seed(0)
    pictures = [
        torch.randint(256, (3, size, size), generator=source, dtype=torch.uint8) for _ in range(count)
    ]
    labels = torch.arange(count) % len(CLASSES)
    files = [Path(f"{i}.png") for i in range(count)]
    return ImageDataset(PictureSet(pictures, files), CLASSES, labels, (), torch.zeros(count, 0))


def settings_of(network: str, size: int, width: int) -> GanSettings:
    """Settings of a training at full size from the start."""
    settings = GanSettings(
        network=network, size=size, width=width, batch=BATCH_SIZE, steps=10_000, validation_samples=16
    )
    return settings.model_copy(update={"grow": 0.0}) if network == "fewshot" else settings


def dataset_for(network: str, size: int) -> ImageDataset:
    """As :func:`random_dataset`; without classes for a dcgan."""
    settings = random_dataset(size)
    return replace(settings, classes=()) if network == "dcgan" else settings


def bottega_step(network: str, size: int, width: int) -> Callable[[], object]:
    """A step of ``bottega.generation.training``, with weight averaging and learning-rate schedule."""
    settings = settings_of(network, size, width)
    trainer = build_trainer(settings, dataset_for(network, size), Path(tempfile.mkdtemp(prefix="bottega-")))
    return trainer.advance


def baseline_step(network: str, size: int, width: int) -> Callable[[], object]:
    """A step of the baseline_step loop with the same networks."""
    dataset = dataset_for(network, size)
    settings = settings_of(network, size, width)
    generator = build_generator(settings, dataset.classes, ())
    source = torch.Generator().manual_seed(0)

    def batches() -> tuple[Tensor, Tensor | None]:
        indices = torch.randint(len(dataset.pictures), (BATCH_SIZE,), generator=source)
        return dataset.center_squares(indices, size), dataset.conditions(indices)

    if isinstance(generator, VAE):
        return baseline_vae_step(generator, batches)
    return baseline_gan_step(generator, build_discriminator(settings, generator), DiffAugment(), batches)


def sampling(network: str, size: int, width: int) -> Callable[[], object]:
    """One batch of pictures from seeds."""
    torch.manual_seed(0)
    generator = build_generator(settings_of(network, size, width), dataset_for(network, size).classes, ())
    file = Path(tempfile.mkdtemp(prefix="bottega-")) / "generator.safetensors"
    generation.save(generator, file)
    loaded = generation.load(file)
    return lambda: generation.sample(loaded, BATCH_SIZE)


RUNNERS = {"bottega": bottega_step, "baseline": baseline_step, "sampling": sampling}


def time_runner(
    name: str, network: str, size: int, width: int, steps: int, threads: int, tuned: bool
) -> dict[str, float]:
    """Seconds per step by wall wall and CPU time, and the peak memory in MiB."""
    set_threads(threads)
    if tuned:
        configure_malloc()
    step = RUNNERS[name](network, size, width)
    for _ in range(WARMUP_STEPS):
        step()
    wall, cpu = [], []
    for _ in range(steps):
        before = time.perf_counter(), time.process_time()
        step()
        wall.append(time.perf_counter() - before[0])
        cpu.append(time.process_time() - before[1])
    return {
        "seconds": sorted(wall)[len(wall) // 2],
        "cpu_seconds": sorted(cpu)[len(cpu) // 2],
        "peak_mib": peak_memory() / 2**20,
    }
