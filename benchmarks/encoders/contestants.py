"""What is compared: the given encoders, and untrained networks of the same shape."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bottega import weights
from bottega.encoders import ENCODERS, Encoder, VGGEncoder, build_encoder, data_dependent_init, load_encoder
from bottega.encoders.random_filters import RandomFilters
from bottega.errors import WeightsError


@dataclass(frozen=True)
class Contestant:
    """One row of the tables: a trained network, or several untrained ones that differ in their seed."""

    name: str
    encoders: tuple[Encoder, ...]
    trained: bool


def load_contestants(
    names: Sequence[str], photographs: Tensor, seeds: int, *, baselines: bool = True
) -> list[Contestant]:
    """The encoders named, each followed by untrained ones of its shape (once per shape), and random filters.

    Args:
        names: packaged names, or paths of safetensors files that a training wrote.
        photographs: ``(N, 3, H, W)``, what the data-dependent weights are normalised on.
        seeds: how many untrained networks of each kind.
        baselines: False leaves the untrained ones out.
    """
    found: list[Contestant] = []
    shapes: set[object] = set()
    for name in names:
        encoder = trained_encoder(name)
        found.append(Contestant(_label(name), (encoder,), trained=True))
        if not baselines:
            continue
        shape = (encoder.widths, encoder.depths, encoder.pooling, *encoder.style_layers.items())
        if shape not in shapes:
            found += untrained(encoder, photographs, seeds, suffix=f" {len(shapes) + 1}" if shapes else "")
            shapes.add(shape)
    if not baselines:
        return found
    filters = tuple(_frozen(RandomFilters(seed=seed)) for seed in range(seeds))
    return [*found, Contestant("random filters, one layer", filters, trained=False)]


def untrained(encoder: VGGEncoder, photographs: Tensor, seeds: int, suffix: str = "") -> list[Contestant]:
    """The same net with random weights, plain and data-dependent."""
    plain = tuple(_reseeded(encoder, seed) for seed in range(seeds))
    fitted = tuple(
        _frozen(data_dependent_init(copy.deepcopy(encoder), photographs, seed=seed)) for seed in range(seeds)
    )
    return [
        Contestant(f"same net, random weights{suffix}", plain, trained=False),
        Contestant(f"same net, data-dependent random weights{suffix}", fitted, trained=False),
    ]


def trained_encoder(name: str) -> VGGEncoder:
    """An encoder of the manifest by name, or one that a training wrote by path; frozen.

    Raises:
        WeightsError: unknown, damaged, or not a plain stack of convolutions.
    """
    if not name.endswith(".safetensors"):
        encoder = load_encoder(name)
    else:
        state, configuration = weights.load_file(name)
        if "architecture" not in configuration:
            raise WeightsError(f"{name} does not say its architecture in its header; export it again.")
        encoder = _shaped(configuration["architecture"], configuration.get("widths"))
        encoder.load_features(state)
    if not isinstance(encoder, VGGEncoder):
        raise WeightsError(f"{name} is no plain stack of convolutions; only those are compared here.")
    encoder.frozen()
    return encoder


def _shaped(architecture: str, widths: Sequence[int] | None) -> VGGEncoder:
    """The architecture, in the widths that the recipe chose."""
    base = build_encoder(architecture) if architecture in ENCODERS else None
    if not isinstance(base, VGGEncoder):
        raise WeightsError(
            f"{architecture!r} is no plain stack of convolutions; only those are compared here."
        )
    if widths is None or tuple(widths) == base.widths:
        return base
    return VGGEncoder(
        base.name,
        widths,
        base.depths,
        content_layers=base.content_layers,
        style_layers=base.style_layers,
        pooling=base.pooling,
        padding_mode=base.padding_mode,
    )


def _reseeded(encoder: VGGEncoder, seed: int) -> Encoder:
    """A copy with He-normal weights and no bias (He et al. 2015), which keep activations alive in depth."""
    fresh = copy.deepcopy(encoder)
    generator = torch.Generator().manual_seed(seed)
    for conv in fresh.convolutions():
        torch.nn.init.kaiming_normal_(conv.weight, nonlinearity="relu", generator=generator)
        if conv.bias is not None:
            torch.nn.init.zeros_(conv.bias)
    return _frozen(fresh)


def _frozen(encoder: Encoder) -> Encoder:
    return encoder.frozen()


def _label(name: str) -> str:
    path = Path(name)
    return f"{path.parent.name}/{path.stem}" if path.suffix else name
