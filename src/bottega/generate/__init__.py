"""Generators: drafts from noise.

The names are loaded when they are first used, because settings of trainings are needed where torch is not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bottega.generate.dcgan import DCGAN, ConditionalDCGAN
    from bottega.generate.fewshot import FewShotGenerator
    from bottega.generate.generator import Generator
    from bottega.generate.latent import interpolate, mix_styles, walk
    from bottega.generate.projection import Projection, project
    from bottega.generate.sampling import codes, drawn, sample
    from bottega.generate.table import GENERATORS, described, load, save
    from bottega.generate.vae import VAE

_ROOMS = {
    "DCGAN": "dcgan",
    "GENERATORS": "table",
    "VAE": "vae",
    "ConditionalDCGAN": "dcgan",
    "FewShotGenerator": "fewshot",
    "Generator": "generator",
    "Projection": "projection",
    "codes": "sampling",
    "described": "table",
    "drawn": "sampling",
    "interpolate": "latent",
    "load": "table",
    "mix_styles": "latent",
    "project": "projection",
    "sample": "sampling",
    "save": "table",
    "walk": "latent",
}

__all__ = [
    "DCGAN",
    "GENERATORS",
    "VAE",
    "ConditionalDCGAN",
    "FewShotGenerator",
    "Generator",
    "Projection",
    "codes",
    "described",
    "drawn",
    "interpolate",
    "load",
    "mix_styles",
    "project",
    "sample",
    "save",
    "walk",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
