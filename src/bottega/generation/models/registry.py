"""The generators by name, and their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from bottega import weights
from bottega.generation.models.dcgan import DCGAN, ConditionalDCGAN
from bottega.generation.models.fewshot import FewShotGenerator
from bottega.generation.models.generator import Generator
from bottega.generation.models.vae import VAE

GENERATORS: dict[str, Callable[..., Generator]] = {
    "fewshot": FewShotGenerator,
    "dcgan": DCGAN,
    "cdcgan": ConditionalDCGAN,
    "vae": VAE,
}


def save(
    generator: Generator, path: str | Path, metadata: Mapping[str, Any] | None = None, *, half: bool = False
) -> str:
    """:func:`bottega.weights.save_network` for :data:`GENERATORS`."""
    return weights.save_network(generator, path, GENERATORS, metadata, half=half)


def load(source: str | Path) -> Generator:
    """:func:`bottega.weights.load_network` for :data:`GENERATORS`, in the memory format channels last."""
    generator = weights.load_network(source, GENERATORS, "generator")
    return generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
