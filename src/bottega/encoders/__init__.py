"""Perceptual encoders with named layers."""

from bottega.encoders.base import PIXELS, Encoder
from bottega.encoders.registry import ENCODERS, build_encoder, load_encoder
from bottega.encoders.vgg import VGGEncoder, data_dependent_init, normalize_activations

__all__ = [
    "ENCODERS",
    "PIXELS",
    "Encoder",
    "VGGEncoder",
    "build_encoder",
    "data_dependent_init",
    "load_encoder",
    "normalize_activations",
]
