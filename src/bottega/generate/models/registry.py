"""The generators by name, and their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from bottega import weights
from bottega.errors import WeightsError
from bottega.generate.models.dcgan import DCGAN, ConditionalDCGAN
from bottega.generate.models.fewshot import FewShotGenerator
from bottega.generate.models.generator import Generator
from bottega.generate.models.vae import VAE

GENERATORS: dict[str, Callable[..., Generator]] = {
    "fewshot": FewShotGenerator,
    "dcgan": DCGAN,
    "cdcgan": ConditionalDCGAN,
    "vae": VAE,
}


def save(
    generator: Generator, path: str | Path, facts: Mapping[str, Any] | None = None, *, half: bool = False
) -> str:
    """Write a generator with what builds it again; ``facts`` (its recipe, its figures) go along.

    Args:
        half: store 16-bit floats, which draw the same to the eye in half the space.

    Returns:
        The file's sha256.

    Raises:
        WeightsError: it is not of :data:`GENERATORS`.
        OutputError: the file cannot be written there.
    """
    state = generator.state_dict()
    if half:
        state = {name: x.half() if x.is_floating_point() else x for name, x in state.items()}
    return weights.save(path, state, described(generator, facts))


def described(generator: Generator, facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The configuration of a generator's file, for :func:`bottega.weights.shelve` too.

    Raises:
        WeightsError: it is not of :data:`GENERATORS`.
    """
    names = [name for name, kind in GENERATORS.items() if type(generator) is kind]
    if not names:
        raise WeightsError(
            f"{type(generator).__name__} is not one of the generators {', '.join(GENERATORS)}."
        )
    return {**(facts or {}), "architecture": names[0], "settings": generator.configuration}


def load(source: str | Path) -> Generator:
    """A generator in evaluation mode, in float32 on the processor.

    Args:
        source: the name of weights (``bottega models list``), or a ``.safetensors`` file.

    Raises:
        WeightsError: unknown, damaged, or not a generator.
    """
    is_file = isinstance(source, Path) or str(source).endswith(".safetensors")
    state, configuration = weights.read(source) if is_file else weights.load(str(source))
    architecture = str(configuration.get("architecture", ""))
    if architecture not in GENERATORS:
        raise WeightsError(
            f'{source} holds "{architecture or "nothing known"}", which draws nothing from noise; '
            f"generators are {', '.join(GENERATORS)}."
        )
    try:
        generator = GENERATORS[architecture](**configuration.get("settings", {}))
        floats = {name: x.float() if x.is_floating_point() else x for name, x in state.items()}
        generator.load_state_dict(floats)
    except (TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise WeightsError(f'{source} does not fit the generator "{architecture}" ({reason}).') from None
    return generator.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
