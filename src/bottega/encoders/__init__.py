"""Perceptual encoders with named layers."""

from bottega.encoders.base import PIXELS, Encoder
from bottega.encoders.registry import ENCODERS, build_encoder, load_encoder
from bottega.encoders.vgg import VGGEncoder, normalize_activations

__all__ = [
    "ENCODERS",
    "PIXELS",
    "Encoder",
    "VGGEncoder",
    "build_encoder",
    "load_encoder",
    "normalize_activations",
]
