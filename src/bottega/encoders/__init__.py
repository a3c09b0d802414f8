"""Perceptual encoders with named layers."""

from bottega.encoders.base import PIXELS, Encoder
from bottega.encoders.registry import ENCODERS, build, load
from bottega.encoders.vgg import PlainEncoder, data_dependent_init, normalise_activations

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
