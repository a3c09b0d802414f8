"""Perceptual encoders with named layers."""

from bottega.encoders.base import PIXELS, Encoder
from bottega.encoders.loading import load
from bottega.encoders.normalise import data_dependent_init, normalise_activations
from bottega.encoders.plain import PlainEncoder
from bottega.encoders.table import ENCODERS, build

__all__ = [
    "ENCODERS",
    "PIXELS",
    "Encoder",
    "PlainEncoder",
    "build",
    "data_dependent_init",
    "load",
    "normalise_activations",
]
