"""The compared encoders: trained ones, and untrained networks of the same shape."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bottega import weights
from bottega.encoders import ENCODERS, Encoder, VGGEncoder, build_encoder, load_encoder, normalize_activations
from bottega.encoders.random_filters import RandomFilters
from bottega.errors import WeightsError


@dataclass(frozen=True)
class Candidate:
    """One row of the tables: a trained network, or several untrained ones that differ in their seed."""

    name: str
    encoders: tuple[Encoder, ...]
    trained: bool


def load_candidates(
    names: Sequence[str], photographs: Tensor, seeds: int, *, baselines: bool = True
) -> list[Candidate]:
    """The encoders named, each followed by untrained ones of its shape (once per shape), and random filters.

    Args:
        names: packaged names, or paths of safetensors files that a training wrote.
        photographs: ``(N, 3, H, W)``, for the data-dependent weights.
        seeds: how many untrained networks of each kind.
        baselines: False leaves the untrained ones out.
    """
    candidates: list[Candidate] = []
    shapes: set[object] = set()
    for name in names:
        encoder = trained_encoder(name)
        candidates.append(Candidate(_label(name), (encoder,), trained=True))
        if not baselines:
            continue
        shape = (encoder.widths, encoder.depths, encoder.pooling, *encoder.style_layers.items())
        if shape not in shapes:
            candidates += untrained(
                encoder, photographs, seeds, suffix=f" {len(shapes) + 1}" if shapes else ""
            )
            shapes.add(shape)
    if not baselines:
        return candidates
    filters = tuple(RandomFilters(seed=seed).frozen() for seed in range(seeds))
    return [*candidates, Candidate("random filters, one layer", filters, trained=False)]


def untrained(encoder: VGGEncoder, photographs: Tensor, seeds: int, suffix: str = "") -> list[Candidate]:
    """The same net with random weights, plain and data-dependent."""
    plain = tuple(_reseeded(encoder, seed) for seed in range(seeds))
    fitted = tuple(
        data_dependent_init(copy.deepcopy(encoder), photographs, seed=seed).frozen() for seed in range(seeds)
    )
    return [
        Candidate(f"same net, random weights{suffix}", plain, trained=False),
        Candidate(f"same net, data-dependent random weights{suffix}", fitted, trained=False),
    ]


def trained_encoder(name: str) -> VGGEncoder:
    """An encoder of the manifest by name, or one that a training wrote by path; frozen.

    Raises:
        WeightsError: unknown, damaged, or not a VGG-style encoder.
    """
    if not name.endswith(".safetensors"):
        encoder = load_encoder(name)
    else:
        state, configuration = weights.load_file(name)
        if "architecture" not in configuration:
            raise WeightsError(f"{name} has no architecture in its header; export it again.")
        encoder = _shaped(configuration["architecture"], configuration.get("widths"))
        encoder.load_features(state)
    if not isinstance(encoder, VGGEncoder):
        raise WeightsError(f"{name} is not a VGG-style encoder; only those can be compared.")
    encoder.frozen()
    return encoder


def _shaped(architecture: str, widths: Sequence[int] | None) -> VGGEncoder:
    """The architecture, in the widths that the recipe chose."""
    base = build_encoder(architecture) if architecture in ENCODERS else None
    if not isinstance(base, VGGEncoder):
        raise WeightsError(f"{architecture!r} is not a VGG-style encoder; only those can be compared.")
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
    """A copy with He-normal weights and no bias (He et al. 2015), which preserve activations in depth."""
    fresh = copy.deepcopy(encoder)
    generator = torch.Generator().manual_seed(seed)
    for conv in fresh.convolutions():
        torch.nn.init.kaiming_normal_(conv.weight, nonlinearity="relu", generator=generator)
        if conv.bias is not None:
            torch.nn.init.zeros_(conv.bias)
    return fresh.frozen()


def _label(name: str) -> str:
    path = Path(name)
    return f"{path.parent.name}/{path.stem}" if path.suffix else name


@torch.no_grad()
def data_dependent_init(encoder: VGGEncoder, pictures: Tensor, *, seed: int = 0) -> VGGEncoder:
    """Random weights normalized on data: the strong baseline that training has to beat.

    Orthogonal random filters; then, layer by layer, the pre-activations of every channel are shifted and
    scaled to mean 0 and deviation 1 on ``pictures`` (LSUV, Mishkin & Matas 2016, with biases as well), and
    finally :func:`normalize_activations`.
    """
    generator = torch.Generator().manual_seed(seed)
    for layer, conv in zip(encoder.layers, encoder.convolutions(), strict=True):
        torch.nn.init.orthogonal_(conv.weight, gain=2**0.5, generator=generator)
        assert conv.bias is not None
        # A large bias keeps the ReLU active, so that the layer outputs its pre-activation.
        conv.bias.fill_(1e4)
        before = encoder(pictures, [layer])[layer].float() - 1e4
        mean, std = before.mean(dim=(0, 2, 3)), before.std(dim=(0, 2, 3)).clamp_min(1e-6)
        conv.weight /= std.view(-1, 1, 1, 1)
        conv.bias.copy_(-mean / std)
    return normalize_activations(encoder, pictures)
