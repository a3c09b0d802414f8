"""Generators: drafts from noise."""

from bottega.generate.dcgan import DCGAN, ConditionalDCGAN
from bottega.generate.fewshot import FewShotGenerator
from bottega.generate.generator import Generator
from bottega.generate.latent import interpolate, mix_styles, walk
from bottega.generate.projection import Projection, project
from bottega.generate.sampling import codes, drawn, sample
from bottega.generate.table import GENERATORS, described, load, save
from bottega.generate.vae import VAE

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
