"""Generators: pictures from noise.

The names are loaded when they are first used, because settings of trainings must not load torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bottega.generation.models.dcgan import DCGAN, ConditionalDCGAN
    from bottega.generation.models.fewshot import FewShotGenerator
    from bottega.generation.models.generator import Generator
    from bottega.generation.models.registry import GENERATORS, load, save
    from bottega.generation.models.vae import VAE
    from bottega.generation.projection import Projection, project
    from bottega.generation.sampling import (
        interpolate,
        mix_styles,
        sample,
        sample_codes,
        synthesize_batches,
        walk,
    )

_MODULES = {
    "models.dcgan": ["DCGAN", "ConditionalDCGAN"],
    "models.fewshot": ["FewShotGenerator"],
    "models.generator": ["Generator"],
    "models.registry": ["GENERATORS", "load", "save"],
    "models.vae": ["VAE"],
    "projection": ["Projection", "project"],
    "sampling": ["interpolate", "mix_styles", "sample", "sample_codes", "synthesize_batches", "walk"],
}

__all__ = [
    "DCGAN",
    "GENERATORS",
    "VAE",
    "ConditionalDCGAN",
    "FewShotGenerator",
    "Generator",
    "Projection",
    "interpolate",
    "load",
    "mix_styles",
    "project",
    "sample",
    "sample_codes",
    "save",
    "synthesize_batches",
    "walk",
]


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
