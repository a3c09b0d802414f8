"""Contestants, each in a process of its own: what it times, and the memory that it takes at most."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.generate.plain import plain_autoencoding, plain_game
from bottega import generate
from bottega.generate.models.vae import VAE
from bottega.generate.training import GanSettings, Material, prepare
from bottega.generate.training.build_trainer import build_discriminator
from bottega.generate.training.diff_augment import Augmentation
from bottega.generate.training.finetune import build_generator
from bottega.runtime import peak_memory, set_threads, tune_allocator
from bottega.training import PictureSet

CLASSES = tuple("abcdefgh")
WARM = 2
BATCH = 16


def material(size: int, count: int = 64) -> Material:
    """Random pictures in memory: what is timed does not depend on what they show."""
    source = torch.Generator().manual_seed(0)
    shown = [torch.randint(256, (3, size, size), generator=source, dtype=torch.uint8) for _ in range(count)]
    labels = torch.arange(count) % len(CLASSES)
    files = [Path(f"{number}.png") for number in range(count)]
    return Material(PictureSet(shown, files), CLASSES, labels, (), torch.zeros(count, 0))


def settings_of(network: str, size: int, width: int) -> GanSettings:
    """Those of a training of some kind of generator, whose pictures have their whole size from the start."""
    found = GanSettings(network=network, size=size, width=width, batch=BATCH, steps=10_000, measured=16)
    return found.model_copy(update={"grow": 0.0}) if network == "fewshot" else found


def material_of(network: str, size: int) -> Material:
    """As :func:`material`; a dcgan knows no classes."""
    found = material(size)
    return replace(found, classes=()) if network == "dcgan" else found


def ours(network: str, size: int, width: int) -> Callable[[], object]:
    """A step of ``bottega.generate.training`` with all that a loop does: weights averaged, rates set."""
    settings = settings_of(network, size, width)
    loop = prepare(settings, material_of(network, size), Path(tempfile.mkdtemp(prefix="bottega-")))
    return loop.advance


def plain(network: str, size: int, width: int) -> Callable[[], object]:
    """A step of the plain loop with the same networks."""
    learned = material_of(network, size)
    settings = settings_of(network, size, width)
    generator = build_generator(settings, learned.classes, ())
    source = torch.Generator().manual_seed(0)

    def batches() -> tuple[Tensor, Tensor | None]:
        numbers = torch.randint(len(learned.pictures), (BATCH,), generator=source)
        return learned.squares(numbers, size), learned.conditions(numbers)

    if isinstance(generator, VAE):
        return plain_autoencoding(generator, batches)
    return plain_game(generator, build_discriminator(settings, generator), Augmentation(), batches)


def drawing(network: str, size: int, width: int) -> Callable[[], object]:
    """One batch of pictures from seeds, codes included."""
    torch.manual_seed(0)
    generator = build_generator(settings_of(network, size, width), material_of(network, size).classes, ())
    file = Path(tempfile.mkdtemp(prefix="bottega-")) / "generator.safetensors"
    generate.save(generator, file)
    loaded = generate.load(file)
    return lambda: generate.sample(loaded, BATCH)


CONTESTANTS = {"ours": ours, "plain": plain, "drawing": drawing}


def timed(
    name: str, network: str, size: int, width: int, steps: int, threads: int, tuned: bool
) -> dict[str, float]:
    """Seconds per step, by the clock and of the processor, and the peak of memory in MiB."""
    set_threads(threads)
    if tuned:
        tune_allocator()
    step = CONTESTANTS[name](network, size, width)
    for _ in range(WARM):
        step()
    clock, work = [], []
    for _ in range(steps):
        before = time.perf_counter(), time.process_time()
        step()
        clock.append(time.perf_counter() - before[0])
        work.append(time.process_time() - before[1])
    return {
        "seconds": sorted(clock)[len(clock) // 2],
        "processor_seconds": sorted(work)[len(work) // 2],
        "peak_mib": peak_memory() / 2**20,
    }
